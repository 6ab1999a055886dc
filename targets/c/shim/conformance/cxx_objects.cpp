/* Global objects are made anew before each execution, static locals once though two tasks ask, and guards let go. */
#include <array>
#include <atomic>
#include <cassert>
#include <functional>
#include <memory>
#include <optional>
#include <variant>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

namespace {

int made;

struct Numbered {
    Numbered() : number(++made) {}
    int number;
};
Numbered first, second;

class Mutex {
public:
    Mutex() : handle_(xSemaphoreCreateMutexStatic(&memory_)) {}
    Mutex(const Mutex &) = delete;
    Mutex &operator=(const Mutex &) = delete;
    void lock() { xSemaphoreTake(handle_, portMAX_DELAY); }
    void unlock() { xSemaphoreGive(handle_); }

private:
    StaticSemaphore_t memory_{};
    SemaphoreHandle_t handle_;
};

template <typename Lock> class Guard {
public:
    explicit Guard(Lock &lock) : lock_(lock) { lock_.lock(); }
    ~Guard() { lock_.unlock(); }
    Guard(const Guard &) = delete;
    Guard &operator=(const Guard &) = delete;

private:
    Lock &lock_;
};

template <typename T, std::size_t N> class Ring {
public:
    bool push(const T &item) {
        Guard guard{mutex_};
        if (count_ == N) return false;
        items_[(head_ + count_++) % N] = item;
        return true;
    }
    std::optional<T> pop() {
        Guard guard{mutex_};
        if (count_ == 0) return std::nullopt;
        T item = items_[head_];
        head_ = (head_ + 1) % N;
        --count_;
        return item;
    }

private:
    Mutex mutex_;
    std::array<T, N> items_{};
    std::size_t head_ = 0, count_ = 0;
};

struct Pair { int one, other; };
std::atomic<int> services;

struct Service {
    Service() { services++; }
    Ring<Pair, 2> ring;
};

Service &service() {
    static Service only;
    return only;
}

void producer(void *name) {
    const int from = *static_cast<int *>(name);
    const std::function<bool(int)> push = [from](int x) { return service().ring.push({from + x, from + x}); };
    while (!push(1)) vTaskDelay(1);
    xTaskNotifyGive(xTaskGetHandle("main"));
    vTaskDelete(nullptr);
}

}  // namespace

extern "C" void app_main(void) {
    assert(first.number == 1 && second.number == 2 && services == 0);
    static std::array<int, 2> names{10, 20};
    for (int &name : names) assert(xTaskCreate(producer, "producer", 4096, &name, 1, nullptr) == pdPASS);
    int sum = 0;
    for (int count = 0; count < 2; count++) {
        ulTaskNotifyTake(pdFALSE, portMAX_DELAY);
        const std::optional<Pair> got = service().ring.pop();
        assert(got && got->one == got->other);
        sum += got->one;
    }
    assert(sum == 32 && services == 1 && !service().ring.pop());
    const std::unique_ptr<int> owned(new int(sum));
    std::variant<int, float> value = *owned;
    assert(std::get_if<int>(&value) != nullptr);
}
