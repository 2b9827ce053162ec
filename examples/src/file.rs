//! What is no file, and how a file is opened so that nothing else is waited for.

use std::{
    fs::{File, FileType},
    io,
    path::Path,
};

/// What a special file is called, `None` for files, directories and symbolic links.
#[cfg(unix)]
pub fn special(kind: FileType) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        Some("a named pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else if kind.is_block_device() {
        Some("a block device")
    } else if kind.is_char_device() {
        Some("a character device")
    } else {
        None
    }
}

/// What a special file is called, `None` for files, directories and symbolic links.
#[cfg(not(unix))]
pub fn special(kind: FileType) -> Option<&'static str> {
    let plain = kind.is_file() || kind.is_dir() || kind.is_symlink();
    (!plain).then_some("a special file")
}

/// Opens a file: one that was replaced by a named pipe since it was found must not block that.
///
/// # Errors
/// Those of opening.
#[cfg(unix)]
pub fn open_without_waiting(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    File::options().read(true).custom_flags(flags).open(path)
}

/// Opens a file.
///
/// # Errors
/// Those of opening.
#[cfg(not(unix))]
pub fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::open(path)
}
