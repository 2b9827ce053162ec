//! Sifting: what is alone with its size or its hash has no duplicate.

use crate::{
    dupes::{
        file::Found,
        hash::{Digest, Extent, HEAD},
    },
    notice::Notice,
    text::shown,
};
use std::{cmp::Reverse, sync::Arc};

/// Files with the same content.
#[derive(Debug)]
pub struct Group {
    /// The size of each.
    pub size: u64,
    /// The hash of each.
    pub digest: Digest,
    /// The files, two or more, sorted by path.
    pub files: Vec<Arc<Found>>,
}

impl Group {
    /// The bytes that would be free if one of the files were enough.
    pub fn wasted(&self) -> u64 {
        self.size.saturating_mul(self.files.len() as u64 - 1)
    }
}

/// What passed a sieve.
#[derive(Debug, Default)]
pub struct Sifted {
    /// The files that may have duplicates, small ones first.
    pub candidates: Vec<Arc<Found>>,
    /// The files that have.
    pub groups: Vec<Group>,
    /// The files that are other paths of a file that is in already.
    pub notices: Vec<Notice>,
}

/// Makes one file of its hard links, and drops the sizes that occur once.
pub fn by_size(mut files: Vec<Found>) -> Sifted {
    files.sort_unstable_by(|left, right| {
        (left.size, left.identity)
            .cmp(&(right.size, right.identity))
            .then_with(|| left.cmp_path(right))
    });
    let mut sifted = Sifted::default();
    let mut distinct: Vec<Found> = Vec::with_capacity(files.len());
    for file in files {
        match distinct.last_mut() {
            Some(first) if first.identity.is_some() && first.identity == file.identity => {
                let (path, original) = (file.path(), first.path());
                // Roots that overlap show a file twice under the same path.
                if path != original && first.links.last() != Some(&path) {
                    let text = format!("the same file as {}: counted once", shown(&original));
                    sifted.notices.push(Notice::note(path.clone(), text));
                    first.links.push(path);
                }
            }
            _ => distinct.push(file),
        }
    }
    let mut files = distinct.into_iter().map(Arc::new).peekable();
    let mut previous = None;
    while let Some(file) = files.next() {
        let size = Some(file.size);
        if previous == size || files.peek().map(|next| next.size) == size {
            sifted.candidates.push(file);
        }
        previous = size;
    }
    sifted
}

/// Drops what is alone with its hash. The others are candidates or, if their hash is
/// one of all their bytes, groups.
pub fn by_hash(mut hashed: Vec<(Arc<Found>, Digest)>, extent: Extent) -> Sifted {
    hashed.sort_unstable_by(|(left, left_hash), (right, right_hash)| {
        (left.size, left_hash)
            .cmp(&(right.size, right_hash))
            .then_with(|| left.cmp_path(right))
    });
    let mut sifted = Sifted::default();
    let same = |(left, left_hash): &(Arc<Found>, Digest), (right, right_hash): &_| {
        let right: &Arc<Found> = right;
        left.size == right.size && left_hash == right_hash
    };
    for alike in hashed.chunk_by(same).filter(|alike| alike.len() > 1) {
        let files = alike.iter().map(|(file, _)| Arc::clone(file));
        let (size, digest) = (alike[0].0.size, alike[0].1);
        if extent == Extent::Full || size <= HEAD {
            sifted.groups.push(Group {
                size,
                digest,
                files: files.collect(),
            });
        } else {
            sifted.candidates.extend(files);
        }
    }
    sifted
}

/// Sorts groups by what they waste, most first.
pub fn by_waste(groups: &mut [Group]) {
    groups.sort_unstable_by(|left, right| {
        (Reverse(left.wasted()), left.digest)
            .cmp(&(Reverse(right.wasted()), right.digest))
            .then_with(|| left.files[0].cmp_path(&right.files[0]))
    });
}
