//! The contract on async-std.

anyrt_conformance::suite!(anyrt_async_std::AsyncStd);
