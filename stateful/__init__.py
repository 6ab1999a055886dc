"""Programs written and shrunk by Hypothesis, and the campaigns that run them."""
