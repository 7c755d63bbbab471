//! Free ports on 127.0.0.1, the same ones from run to run where possible.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};

use super::error::LocalError;

/// How often the operating system is asked for a port that we did not give away already.
const ATTEMPTS: u32 = 64;

/// Chooses one port per name: last run's if it is free, else the usual one, else any.
#[derive(Debug, Default)]
pub struct Ports {
    last: BTreeMap<String, u16>,
    chosen: BTreeMap<String, u16>,
    moved: Vec<Moved>,
}

/// A service that does not get the port it had, or is expected at, because something else listens there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The service's name.
    pub name: String,
    /// The port that is taken.
    pub from: u16,
    /// The port that it gets.
    pub to: u16,
}

impl Ports {
    /// Starts from the ports of the last run.
    #[must_use]
    pub fn remembering(last: BTreeMap<String, u16>) -> Self {
        Self { last, ..Self::default() }
    }

    /// The port for `name`; `usual` is the one that people expect.
    ///
    /// # Errors
    ///
    /// [`LocalError::NoPort`] when the operating system has none left.
    pub fn choose(&mut self, name: &str, usual: u16) -> Result<u16, LocalError> {
        let wanted = self.last.get(name).copied().unwrap_or(usual);
        let port = match [wanted, usual].into_iter().find(|port| self.is_free(*port)) {
            Some(port) => port,
            None => self.any()?,
        };
        if port != wanted {
            self.moved.push(Moved { name: name.to_owned(), from: wanted, to: port });
        }
        self.chosen.insert(name.to_owned(), port);
        Ok(port)
    }

    /// Exactly this port for `name`.
    ///
    /// # Errors
    ///
    /// [`LocalError::PortTaken`] when something else listens on it.
    pub fn insist(&mut self, name: &str, port: u16) -> Result<u16, LocalError> {
        if !self.is_free(port) {
            return Err(LocalError::PortTaken(port));
        }
        self.chosen.insert(name.to_owned(), port);
        Ok(port)
    }

    /// Whether something else listens now where `service`, which has ended, was to be: between the choice of a port and the
    /// moment that the service listens, anybody can take it.
    #[must_use]
    pub fn is_lost(&self, service: &str) -> bool {
        let of_service = |name: &str| {
            name.strip_prefix(service).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        self.chosen
            .iter()
            .any(|(name, port)| of_service(name) && TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_err())
    }

    /// The services that could not be where people look for them.
    #[must_use]
    pub fn moved(&self) -> &[Moved] {
        &self.moved
    }

    /// The ports to remember for the next run: those chosen now, and those of services that were not asked for.
    #[must_use]
    pub fn to_remember(&self) -> BTreeMap<String, u16> {
        let mut ports = self.last.clone();
        ports.extend(self.chosen.clone());
        ports
    }

    fn any(&self) -> Result<u16, LocalError> {
        let mut last_error = None;
        for _ in 0..ATTEMPTS {
            match TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()) {
                Ok(address) if self.is_free(address.port()) => return Ok(address.port()),
                Ok(_) => {}
                Err(error) => last_error = Some(error),
            }
        }
        Err(LocalError::NoPort(last_error.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into())))
    }

    fn is_free(&self, port: u16) -> bool {
        !self.chosen.values().any(|chosen| *chosen == port)
            && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener() -> (TcpListener, u16) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    fn free_port() -> u16 {
        listener().1
    }

    #[test]
    fn the_port_of_the_last_run_comes_first() {
        let (last, usual) = (free_port(), free_port());
        let mut ports = Ports::remembering(BTreeMap::from([("api".to_owned(), last)]));
        assert_eq!(ports.choose("api", usual).unwrap(), last);
    }

    #[test]
    fn a_taken_port_is_avoided_and_the_move_is_known() {
        let (_held, taken) = listener();
        let mut ports = Ports::default();
        let to = ports.choose("api", taken).unwrap();
        assert_ne!(to, taken);
        assert_eq!(ports.moved(), [Moved { name: "api".to_owned(), from: taken, to }]);
    }

    #[test]
    fn a_port_that_somebody_took_in_between_is_lost() {
        let mut ports = Ports::default();
        let port = ports.choose("temporal-ui", free_port()).unwrap();
        assert!(!ports.is_lost("temporal"));
        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert!(ports.is_lost("temporal"));
        assert!(!ports.is_lost("temp"));
    }

    #[test]
    fn no_port_is_given_away_twice() {
        let usual = free_port();
        let mut ports = Ports::default();
        assert_ne!(ports.choose("api", usual).unwrap(), ports.choose("simulator", usual).unwrap());
    }

    #[test]
    fn a_port_that_was_asked_for_and_is_taken_is_an_error() {
        let (_held, taken) = listener();
        assert!(
            matches!(Ports::default().insist("api", taken), Err(LocalError::PortTaken(port)) if port == taken)
        );
    }

    #[test]
    fn ports_of_services_that_do_not_run_now_are_kept() {
        let mut ports = Ports::remembering(BTreeMap::from([("postgres".to_owned(), 4)]));
        let api = ports.choose("api", free_port()).unwrap();
        assert_eq!(
            ports.to_remember(),
            BTreeMap::from([("postgres".to_owned(), 4), ("api".to_owned(), api)])
        );
    }
}
