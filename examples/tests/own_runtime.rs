//! The backend of `own_runtime` keeps the contract.

use anyrt_examples::own_runtime::OwnRuntime;

anyrt_conformance::suite!(OwnRuntime::default());
