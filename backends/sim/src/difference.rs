//! Where two runs of one seed part, and what they were about.

use crate::trace::{Event, Record, TaskNo};

/// The first record that is not in both, and where the tasks it is about were spawned: what goes on after a colon.
pub(crate) fn difference(one: &[Record], other: &[Record]) -> String {
    let shared = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (a, b) = (one.get(shared), other.get(shared));
    if a.is_none() && b.is_none() {
        return " not in what happened, as long as it was recorded, but in what was drawn"
            .to_owned();
    }
    let before = shared.checked_sub(1).map(|last| &one[last]);
    let line =
        |record: Option<&Record>| record.map_or("the run is over".to_owned(), Record::to_string);
    let mut text = format!("\n  one:   {}\n  other: {}", line(a), line(b));
    if let Some(before) = before {
        text = format!("\n  both:  {before}{text}");
    }
    // A task of one run alone was spawned in that one.
    let mut tasks: Vec<(TaskNo, &[Record])> = [(before, one), (a, one), (b, other)]
        .into_iter()
        .filter_map(|(record, run)| Some((record?.event.task()?, run)))
        .collect();
    if tasks.is_empty() {
        // The clock jumped: who was polled last, it was that one's doing.
        let last = one[..shared]
            .iter()
            .rev()
            .find_map(|record| record.event.task());
        tasks.extend(last.map(|task| (task, one)));
    }
    let mut lines: Vec<(TaskNo, String)> = tasks
        .into_iter()
        .filter_map(|(task, run)| {
            let place = spawned_at(&run[..run.len().min(shared + 1)], task)?;
            Some((task, format!("\n  {task} was spawned at {place}")))
        })
        .collect();
    lines.sort_unstable();
    lines.dedup();
    text.extend(lines.into_iter().map(|(_, line)| line));
    text
}

fn spawned_at(
    records: &[Record],
    wanted: TaskNo,
) -> Option<&'static std::panic::Location<'static>> {
    records.iter().find_map(|record| match record.event {
        Event::Spawned { task, place, .. } if task == wanted => Some(place),
        _ => None,
    })
}
