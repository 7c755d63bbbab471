//! Random text for passwords and folder names.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::error::LocalError;

/// 32 hexadecimal digits from the operating system's random source.
pub(crate) fn hex() -> Result<String, LocalError> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0_u8; 16];
    File::open(source)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(LocalError::file("read", source))?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
