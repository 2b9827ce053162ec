//! Cancel safety, operation by operation: each is dropped at each of its points, under many schedules.
//!
//! The table lists every item of the toolkit whose docs have a section `# Cancel safety`; a test compares it
//! with the sources, so that a new operation cannot be forgotten. The checker is that of the core's table.

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

use std::path::Path;

table! {
    "batch/mod.rs" {
        "load" => owners::batch_load,
        "load_many" => owners::batch_load_many,
        "shutdown" => owners::batch_shutdown,
    }
    "cache/load.rs" {
        "get_or_load" => cache::get_or_load,
        "get_or_try_load" => cache::get_or_try_load,
        "get_or_load_with" => cache::get_or_load_with,
    }
    "lifecycle/app.rs" { "run" => owners::application }
    "lifecycle/background.rs" { "shutdown" => owners::background_shutdown }
    "lifecycle/handle.rs" { "SubsystemHandle" => owners::subsystem_output }
    "limit/concurrency/mod.rs" {
        "acquire" => limits::slot,
        "acquire_for" => limits::slot_for_a_key,
    }
    "limit/rate/mod.rs" {
        "acquire" => limits::turn,
        "acquire_many" => limits::heavy_turn,
        "acquire_chunked" => limits::turns_of_chunks,
    }
    "operation/mod.rs" {
        "run" => operations::run,
        "try_run" => operations::try_run,
        "run_with" => operations::run_with,
    }
    "operation/tracker.rs" { "scope" => operations::tracked }
    "pool/manager.rs" { "Manager" => pool::manager }
    "pool/mod.rs" { "get" => pool::get, "closed" => pool::closed }
    "resilience/best_effort.rs" { "best_effort" => trials::best_efforts }
    "resilience/boundary.rs" { "run" => trials::boundary }
    "resilience/breaker/mod.rs" {
        "call" => trials::breaker_call,
        "call_when" => trials::breaker_call_when,
    }
    "resource/exits.rs" { "enter_all" => resource::all_entered }
    "resource/mod.rs" { "close" => resource::close_that_is_late }
    "resource/stack.rs" {
        "run" => resource::stack_run,
        "close" => resource::stack_close,
        "exit_stack" => resource::stack_around,
        "with_resource" => resource::one_resource,
        "with_resources" => resource::several_resources,
    }
    "retry/future.rs" { "retry" => trials::retried }
    "testing/mock.rs" { "call" => trials::mock_call }
    "testing/watch.rs" { "on" => trials::watched }
    "workers/mod.rs" {
        "submit" => owners::workers_submit,
        "join" => owners::workers_join,
        "shutdown" => owners::workers_shutdown,
    }
}

#[test]
fn no_operation_is_forgotten() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    // The layers are a feature, and their table is in their own tests.
    let docs = table::Docs::below(&sources).without("tower/");
    docs.hold(TABLE, 34, &[]);
}
