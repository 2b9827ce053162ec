//! Cancel safety, operation by operation: each is dropped at each of its points, under many schedules.
//!
//! The table lists every item of the toolkit whose docs have a section `# Cancel safety`. `cargo xtask tidy` compares it
//! with the sources, as the core's.

#[macro_use]
#[path = "../../../backends/sim/tests/cancel/table.rs"]
mod table;

mod cache;
#[path = "../../../backends/sim/tests/cancel/kit.rs"]
mod kit;
mod limits;
mod operations;
mod owners;
mod pool;
mod resource;
mod trials;

table! {
    "batch/mod.rs" {
        "Batcher::load" => owners::batch_load,
        "Batcher::load_many" => owners::batch_load_many,
        "Batcher::shutdown" => owners::batch_shutdown,
    }
    "cache/load.rs" {
        "AsyncCache::get_or_load" => cache::get_or_load,
        "AsyncCache::get_or_try_load" => cache::get_or_try_load,
        "AsyncCache::get_or_load_with" => cache::get_or_load_with,
    }
    "lifecycle/app.rs" { "App::run" => owners::application }
    "lifecycle/background.rs" { "Background::shutdown" => owners::background_shutdown }
    "lifecycle/handle.rs" { "SubsystemHandle" => owners::subsystem_output }
    "limit/concurrency/mod.rs" {
        "Limiter::acquire" => limits::slot,
        "Limiter::acquire_for" => limits::slot_for_a_key,
    }
    "limit/rate/mod.rs" {
        "RateLimiter::acquire" => limits::turn,
        "RateLimiter::acquire_many" => limits::heavy_turn,
        "RateLimiter::acquire_chunked" => limits::turns_of_chunks,
    }
    "operation/mod.rs" {
        "Operation::run" => operations::run,
        "Operation::try_run" => operations::try_run,
        "Operation::run_with" => operations::run_with,
    }
    "operation/tracker.rs" { "Tracker::scope" => operations::tracked }
    "pool/manager.rs" { "Manager" => pool::manager }
    "pool/mod.rs" { "Pool::get" => pool::get, "Pool::closed" => pool::closed }
    "resilience/best_effort.rs" { "best_effort" => trials::best_efforts }
    "resilience/boundary.rs" { "Boundary::run" => trials::boundary }
    "resilience/breaker/mod.rs" {
        "CircuitBreaker::call" => trials::breaker_call,
        "CircuitBreaker::call_when" => trials::breaker_call_when,
    }
    "resource/exits.rs" { "Exits::enter_all" => resource::all_entered }
    "resource/mod.rs" { "AsyncClose::close" => resource::close_that_is_late }
    "resource/stack.rs" {
        "ExitStack::run" => resource::stack_run,
        "ExitStack::close" => resource::stack_close,
        "exit_stack" => resource::stack_around,
        "with_resource" => resource::one_resource,
        "with_resources" => resource::several_resources,
    }
    "retry/future.rs" { "retry" => trials::retried }
    "testing/mock.rs" { "MockFn::call" => trials::mock_call }
    "testing/watch.rs" { "Watch::on" => trials::watched }
    "workers/mod.rs" {
        "TaskPool::submit" => owners::workers_submit,
        "TaskPool::join" => owners::workers_join,
        "TaskPool::shutdown" => owners::workers_shutdown,
    }
}
