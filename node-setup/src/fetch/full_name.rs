//! The request line that a proxy wants for a plain address: `GET http://host/path` in place of `GET /path`.
//!
//! ureq writes the short form only. So the name is put in on the way out, by ureq's interface for transports of one's own,
//! which may change with any of its versions.

use std::io;
use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// Puts `name` (`http://host:port`) in front of the path of the one request that each connection carries.
#[derive(Debug)]
pub(super) struct FullName {
    pub(super) name: String,
}

impl<In: Transport> Connector<In> for FullName {
    type Out = Named<In>;

    fn connect(
        &self,
        _: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Named<In>>, Error> {
        Ok(chained.map(|inner| Named {
            inner,
            name: Some(self.name.clone()),
        }))
    }
}

/// A connection whose first output is a request line that lacks the name.
#[derive(Debug)]
pub(super) struct Named<In> {
    inner: In,
    name: Option<String>,
}

impl<In: Transport> Transport for Named<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let amount = match self.name.take() {
            Some(name) => named(self.inner.buffers().output(), amount, &name)?,
            None => amount,
        };
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

/// Puts the name before the path in the first `amount` bytes; gives how many they are then.
fn named(output: &mut [u8], amount: usize, name: &str) -> Result<usize, io::Error> {
    let path = output[..amount].iter().position(|byte| *byte == b'/');
    let longer = amount + name.len();
    let Some(path) = path.filter(|_| longer <= output.len()) else {
        return Err(io::Error::other("a request line without room for a name"));
    };
    output.copy_within(path..amount, path + name.len());
    output[path..path + name.len()].copy_from_slice(name.as_bytes());
    Ok(longer)
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn the_name_stands_before_the_path() {
        let line = b"GET /a HTTP/1.1\r\n";
        let mut output = [0; 40];
        output[..line.len()].copy_from_slice(line);
        let longer = named(&mut output, line.len(), "http://h:8").expect("there is room");
        assert_eq!(&output[..longer], b"GET http://h:8/a HTTP/1.1\r\n");
        named(&mut output, longer, "http://a.name.that.is.too.long").expect_err("no room");
    }
}
