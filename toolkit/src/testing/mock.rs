//! A call that does as it is told.

use crate::lock::lock;
use anyrt_core::{Instant, rt::Runtime};
use pin_project_lite::pin_project;
use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
    time::Duration,
};

/// An async function that answers from a script, and keeps a log of its calls. Clones are the same function.
///
/// The script is taken line by line, by calls in the order in which they are *made*. Once it is empty,
/// [`otherwise`](Self::otherwise) answers, or else the call panics.
pub struct MockFn<R, A, T> {
    inner: Arc<Inner<R, A, T>>,
}

struct Inner<R, A, T> {
    rt: R,
    state: Mutex<State<A, T>>,
}

struct State<A, T> {
    script: VecDeque<Answer<A, T>>,
    otherwise: Option<Always<A, T>>,
    calls: Vec<Call<A>>,
}

/// A line of the script.
struct Answer<A, T> {
    delay: Duration,
    output: Output<A, T>,
}

enum Output<A, T> {
    Once(Once<A, T>),
    Always(Always<A, T>),
    Never,
}

type Once<A, T> = Box<dyn FnOnce(&A) -> T + Send>;
type Always<A, T> = Arc<dyn Fn(&A) -> T + Send + Sync>;

/// A call that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call<A> {
    /// Its arguments.
    pub args: A,
    /// When it was made.
    pub made_at: Instant,
    /// How it ended, and when.
    pub end: Option<(CallEnd, Instant)>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a future ends, or is dropped")]
pub enum CallEnd {
    /// It has answered.
    Answered,
    /// Its future was dropped before.
    Dropped,
}

impl<R: Runtime, A, T> MockFn<R, A, T> {
    /// A function with an empty script.
    pub fn new(rt: &R) -> Self {
        Self {
            inner: Arc::new(Inner {
                rt: rt.clone(),
                state: Mutex::new(State {
                    script: VecDeque::new(),
                    otherwise: None,
                    calls: Vec::new(),
                }),
            }),
        }
    }

    fn line(self, delay: Duration, output: Output<A, T>) -> Self {
        let answer = Answer { delay, output };
        lock(&self.inner.state).script.push_back(answer);
        self
    }

    /// The next call answers at once.
    pub fn then(self, output: T) -> Self
    where
        T: Send + 'static,
    {
        self.then_after(Duration::ZERO, output)
    }

    /// The next call answers `delay` after its first poll.
    pub fn then_after(self, delay: Duration, output: T) -> Self
    where
        T: Send + 'static,
    {
        self.line(delay, Output::Once(Box::new(|_| output)))
    }

    /// The next call answers what this makes of its arguments.
    pub fn then_with(self, answer: impl FnOnce(&A) -> T + Send + 'static) -> Self {
        self.line(Duration::ZERO, Output::Once(Box::new(answer)))
    }

    /// The next call never answers.
    pub fn then_never(self) -> Self {
        self.line(Duration::ZERO, Output::Never)
    }

    /// Answers each call for which the script has no line, at once.
    pub fn otherwise(self, answer: impl Fn(&A) -> T + Send + Sync + 'static) -> Self {
        lock(&self.inner.state).otherwise = Some(Arc::new(answer));
        self
    }

    /// Calls it: takes a line of the script, now, and answers when its future is awaited.
    ///
    /// # Panics
    /// Where the script is empty, and nothing answers otherwise.
    ///
    /// # Cancel safety
    /// The line of the script is used up, and the log says that the call was dropped.
    #[track_caller]
    pub fn call(&self, args: A) -> MockCall<R, A, T>
    where
        A: Clone,
    {
        let made_at = self.inner.rt.now();
        let logged = Call {
            args: args.clone(),
            made_at,
            end: None,
        };
        let (number, line, otherwise) = {
            let mut state = lock(&self.inner.state);
            state.calls.push(logged);
            let line = state.script.pop_front();
            (state.calls.len() - 1, line, state.otherwise.clone())
        };
        let otherwise = otherwise.map(|answer| Answer {
            delay: Duration::ZERO,
            output: Output::Always(answer),
        });
        // Not in a closure, which would be the panic's place.
        let Some(answer) = line.or(otherwise) else {
            panic!("call {} has no line in the script", number + 1);
        };
        MockCall {
            inner: self.inner.clone(),
            number,
            args,
            answer: Some(answer),
            timer: None,
        }
    }

    /// All calls so far, in the order in which they were made.
    pub fn calls(&self) -> Vec<Call<A>>
    where
        A: Clone,
    {
        lock(&self.inner.state).calls.clone()
    }

    /// The arguments of all calls so far.
    pub fn args(&self) -> Vec<A>
    where
        A: Clone,
    {
        let state = lock(&self.inner.state);
        state.calls.iter().map(|call| call.args.clone()).collect()
    }

    /// How many lines of the script are left.
    pub fn lines_left(&self) -> usize {
        lock(&self.inner.state).script.len()
    }
}

impl<R, A, T> Inner<R, A, T>
where
    R: Runtime,
{
    fn end(&self, number: usize, end: CallEnd) {
        let now = self.rt.now();
        lock(&self.state).calls[number].end = Some((end, now));
    }
}

pin_project! {
    /// The future of [`MockFn::call`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct MockCall<R: Runtime, A, T> {
        inner: Arc<Inner<R, A, T>>,
        number: usize,
        args: A,
        // Until it has answered.
        answer: Option<Answer<A, T>>,
        #[pin]
        timer: Option<R::Timer>,
    }

    impl<R: Runtime, A, T> PinnedDrop for MockCall<R, A, T> {
        fn drop(this: Pin<&mut Self>) {
            if this.answer.is_some() {
                this.inner.end(this.number, CallEnd::Dropped);
            }
        }
    }
}

impl<R: Runtime, A, T> Future for MockCall<R, A, T> {
    type Output = T;

    /// # Panics
    /// Where it is polled again after it was ready, and as a line of the script does.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut this = self.project();
        let answer = this.answer.as_ref();
        let answer = answer.expect("a mock call was polled again after it was ready");
        if matches!(answer.output, Output::Never) {
            return Poll::Pending;
        }
        if !answer.delay.is_zero() {
            if this.timer.is_none() {
                let timer = this.inner.rt.sleep(answer.delay);
                this.timer.set(Some(timer));
            }
            ready!(this.timer.as_pin_mut().expect("it was made above").poll(cx));
        }
        let answer = this.answer.take().expect("it was there above");
        this.inner.end(*this.number, CallEnd::Answered);
        Poll::Ready(match answer.output {
            Output::Once(make) => make(this.args),
            Output::Always(make) => make(this.args),
            Output::Never => unreachable!("it is pending above"),
        })
    }
}

impl<R, A, T> Clone for MockFn<R, A, T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<R, A, T> fmt::Debug for MockFn<R, A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (calls, left) = {
            let state = lock(&self.inner.state);
            (state.calls.len(), state.script.len())
        };
        f.debug_struct("MockFn")
            .field("calls", &calls)
            .field("lines_left", &left)
            .finish_non_exhaustive()
    }
}

impl<R: Runtime, A: fmt::Debug, T> fmt::Debug for MockCall<R, A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockCall")
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}
