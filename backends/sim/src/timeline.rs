//! What happened in a run, for people: a line each, or a page with a lane for each task.

use crate::{
    span::Span,
    trace::{Event, Record, TaskNo},
};
use std::{collections::BTreeMap, fmt};

/// A line for each record.
pub(crate) struct Timeline<'a>(pub(crate) &'a [Record]);

impl fmt::Display for Timeline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|record| writeln!(f, "{record}"))
    }
}

/// A page: time runs to the right, a column for each poll; what is behind a mark is its tooltip.
pub(crate) struct Html<'a> {
    pub(crate) title: &'a str,
    pub(crate) failure: Option<&'a dyn fmt::Display>,
    pub(crate) records: &'a [Record],
}

/// What is shown of a long run: its end.
const COLUMNS: usize = 2_000;
const WIDTH: usize = 14;
const LANE: usize = 24;
const LEFT: usize = 200;
const TOP: usize = 28;

const STYLE: &str = "
  body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem; color: #222; background: #fff }
  pre { white-space: pre-wrap; background: #8882; padding: .8rem; border-radius: .4rem }
  .scroll { overflow-x: auto }
  text { font: 11px ui-monospace, monospace; fill: currentColor }
  .lane { stroke: #8883 } .life { stroke: #8889; stroke-width: 2 }
  .poll { fill: #4a7fd4 } .last { fill: #d4574a } .end { fill: #777 }
  .aborted { fill: #d99a2b } .panicked { fill: #a3123a }
  .wake { stroke: #d99a2b } .spawn { stroke: #3a9d5d } .fault, .yield { stroke: #d4574a } .yield { fill: none; pointer-events: all }
  .wait { fill: #b06fd0 } .take { fill: #3a9d5d } .release { fill: #9bd4ad } .note { fill: #d4574a }
  .jump { stroke: #8888; stroke-dasharray: 3 3 }
  .wake:hover, .spawn:hover, .fault:hover { stroke-width: 4 } rect:hover { opacity: .7 }
  @media (prefers-color-scheme: dark) { body { color: #ddd; background: #1b1c1f } }
";

impl fmt::Display for Html<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = Escaped(self.title);
        writeln!(
            f,
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style>"
        )?;
        writeln!(f, "<h1>{title}</h1>")?;
        if let Some(failure) = self.failure {
            // It goes on from words that are the title here.
            let failure = failure.to_string();
            let failure = failure.trim_start_matches([':', ',', ' ']);
            writeln!(f, "<pre>{}</pre>", Escaped(failure))?;
        }
        f.write_str(
            "<p>Each column is a poll. Blue: a poll, red: the last one of a task that is left; \
             green: spawns, orange: wakes, from the task that did it; violet: begins to wait; \
             green dots: takes a lock or a permit, and gives it back; a red arrow or ring: a fault; a red dot: a panic, or a \
             stage of the check; dashed: the clock jumps. The bar at a task's end is grey, orange where it was aborted, \
             dark red where it panicked. Point at a mark to read what it is.</p><div class=\"scroll\">",
        )?;
        self.chart(f)?;
        f.write_str("</div></html>\n")
    }
}

impl Html<'_> {
    fn chart(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let polls = self
            .records
            .iter()
            .filter(|record| matches!(record.event, Event::Polled(_)));
        let skipped = polls.count().saturating_sub(COLUMNS);
        let lanes = self.lanes();
        let y = |task: TaskNo| TOP + lanes.get(&task).map_or(0, |lane| lane * LANE);
        let last = self.last_polls();
        let columns = COLUMNS.min(self.records.len());
        let (width, height) = (
            LEFT + (columns + 2) * WIDTH,
            TOP + lanes.len() * LANE + LANE,
        );
        writeln!(f, "<svg width=\"{width}\" height=\"{height}\">")?;
        for (task, lane) in &lanes {
            let y = TOP + lane * LANE;
            let name = self.name_of(*task).unwrap_or_default();
            let label = format!("{task} {name}");
            writeln!(
                f,
                "<text x=\"4\" y=\"{}\">{}</text>",
                y + 4,
                Escaped(&label)
            )?;
            writeln!(f, "<path class=\"lane\" d=\"M{LEFT} {y}H{width}\"/>")?;
        }
        let mut column = 0;
        for (at, record) in self.records.iter().enumerate() {
            if matches!(record.event, Event::Polled(_)) {
                column += 1;
            }
            if column < skipped {
                continue;
            }
            let x = LEFT + (column - skipped) * WIDTH;
            let text = record.to_string();
            let tip = Escaped(text.trim_start());
            match &record.event {
                Event::Polled(task) => {
                    let class = if last.get(task) == Some(&at) {
                        "last"
                    } else {
                        "poll"
                    };
                    mark(f, class, x, y(*task), &tip)?;
                }
                Event::Ended(task) => mark(f, "end", x + 5, y(*task), &tip)?,
                Event::Aborted(task) => mark(f, "aborted", x + 5, y(*task), &tip)?,
                Event::Panicked(task) => mark(f, "panicked", x + 5, y(*task), &tip)?,
                Event::Waits(task, _) => dot(f, "wait", x + 11, y(*task), &tip)?,
                Event::Yields(task, _) => dot(f, "yield", x + 11, y(*task), &tip)?,
                Event::Takes(task, _) => dot(f, "take", x + 4, y(*task), &tip)?,
                Event::Releases(task, _) => dot(f, "release", x + 9, y(*task), &tip)?,
                Event::Named(..) | Event::Raised(_) => {}
                Event::Noted(task, _) => dot(f, "note", x + 4, y(*task) - 9, &tip)?,
                Event::Spawned { task, by, .. } => {
                    arrow(f, "spawn", x + 6, by.map(y), y(*task), &tip)?;
                }
                Event::Woken { task, by } => arrow(f, "wake", x + 9, by.map(y), y(*task), &tip)?,
                Event::Disturbed(task) => arrow(f, "fault", x + 9, None, y(*task), &tip)?,
                Event::Jumped => {
                    let x = x + WIDTH - 1;
                    let now = Span::until(record.at);
                    writeln!(
                        f,
                        "<path class=\"jump\" d=\"M{x} 14V{height}\"/><text x=\"{x}\" y=\"12\">{now}</text>"
                    )?;
                }
            }
        }
        writeln!(f, "</svg>")
    }

    fn lanes(&self) -> BTreeMap<TaskNo, usize> {
        let mut lanes = BTreeMap::new();
        for record in self.records {
            if let Event::Spawned { task, .. } = record.event {
                let lane = lanes.len();
                lanes.entry(task).or_insert(lane);
            }
        }
        lanes
    }

    fn name_of(&self, of: TaskNo) -> Option<&str> {
        self.records.iter().find_map(|record| match &record.event {
            Event::Named(task, name) if *task == of => Some(&**name),
            _ => None,
        })
    }

    /// Where the tasks that never ended were polled last.
    fn last_polls(&self) -> BTreeMap<TaskNo, usize> {
        let mut last = BTreeMap::new();
        for (at, record) in self.records.iter().enumerate() {
            match record.event {
                Event::Polled(task) => drop(last.insert(task, at)),
                Event::Ended(task) | Event::Aborted(task) | Event::Panicked(task) => {
                    last.remove(&task);
                }
                _ => {}
            }
        }
        last
    }
}

fn mark(
    f: &mut fmt::Formatter<'_>,
    class: &str,
    x: usize,
    y: usize,
    tip: &Escaped<'_>,
) -> fmt::Result {
    let (y, width) = (
        y - 7,
        if matches!(class, "poll" | "last") {
            8
        } else {
            3
        },
    );
    writeln!(
        f,
        "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"14\" rx=\"2\"><title>{tip}</title></rect>"
    )
}

fn dot(
    f: &mut fmt::Formatter<'_>,
    class: &str,
    x: usize,
    y: usize,
    tip: &Escaped<'_>,
) -> fmt::Result {
    writeln!(
        f,
        "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"3\"><title>{tip}</title></circle>"
    )
}

/// From the task that did it, or from a little above where it was none.
fn arrow(
    f: &mut fmt::Formatter<'_>,
    class: &str,
    x: usize,
    from: Option<usize>,
    to: usize,
    tip: &Escaped<'_>,
) -> fmt::Result {
    let from = from.filter(|from| *from != to).unwrap_or(to - 10);
    writeln!(
        f,
        "<path class=\"{class}\" fill=\"none\" stroke-width=\"2\" d=\"M{x} {from}V{to}\"><title>{tip}</title></path>"
    )
}

/// Text within a page.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| match char {
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '&' => f.write_str("&amp;"),
            '"' => f.write_str("&quot;"),
            other => write!(f, "{other}"),
        })
    }
}
