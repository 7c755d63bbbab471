//! Who listens on a port, as Linux tells it.

use std::fs;

/// Whether this very process listens on a port of 127.0.0.1; none where the system can't say, or won't.
pub(super) fn listens(pid: u32, port: u16) -> Option<bool> {
    let table = fs::read_to_string(format!("/proc/{pid}/net/tcp")).ok()?;
    let mut inodes = table.lines().skip(1).filter_map(|line| listening_inode(line, port)).peekable();
    inodes.peek()?;
    let held: Vec<_> = fs::read_dir(format!("/proc/{pid}/fd"))
        .ok()?
        .flatten()
        .filter_map(|fd| fs::read_link(fd.path()).ok())
        .collect();
    Some(inodes.any(|inode| held.iter().any(|link| link.as_os_str() == format!("socket:[{inode}]").as_str())))
}

/// The socket of a line of the table, if it listens on the port: `0: 0100007F:1F90 00000000:0000 0A … inode …`.
fn listening_inode(line: &str, port: u16) -> Option<&str> {
    const LISTENS: &str = "0A";
    let mut fields = line.split_whitespace();
    let (_, local) = fields.nth(1)?.split_once(':')?;
    let state = fields.nth(1)?;
    let inode = fields.nth(5)?;
    let same = u16::from_str_radix(local, 16) == Ok(port);
    (same && state == LISTENS).then_some(inode)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn who_listens_is_told_from_who_does_not() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(listens(std::process::id(), port), Some(true));
        let mut other = Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap();
        assert_eq!(listens(other.id(), port), Some(false));
        other.kill().unwrap();
        other.wait().unwrap();
        drop(listener);
        assert_eq!(listens(std::process::id(), port), None);
    }
}
