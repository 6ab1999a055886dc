"""Is there an order of a history's operations, one after the other, that a sequential specification allows?"""
