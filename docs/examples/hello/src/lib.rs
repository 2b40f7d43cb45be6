//! Just enough HTTP/1.1 for two example programs: one request, one answer, close. Not for anything else.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{self, ExitCode};
use std::time::{Duration, Instant};
use std::{env, thread};

/// What a server says to a request: status, content type, body.
pub struct Answer(pub &'static str, pub &'static str, pub String);

/// Serves on 127.0.0.1, at the port of `--port` or `$PORT`, until a signal ends the program.
///
/// `answer` gets the path that was asked for. Returns only if there is nothing to listen on.
pub fn serve(name: &str, answer: impl Fn(&str) -> Answer + Sync) -> ExitCode {
    let Some(port) = port() else {
        complain(name, "give it a port: `--port 8000` or PORT=8000");
        return ExitCode::from(2);
    };
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(listener) => listener,
        Err(error) => {
            complain(name, &format!("cannot listen on 127.0.0.1:{port}: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let pid = process::id();
    say(&format!(
        "{name} listens on http://127.0.0.1:{port} (pid {pid})"
    ));

    thread::scope(|threads| {
        for stream in listener.incoming().flatten() {
            // A client that went away is its own business.
            threads.spawn(|| converse(stream, &answer).ok());
        }
    });
    ExitCode::SUCCESS
}

pub fn text(status: &'static str, body: &str) -> Answer {
    Answer(status, "text/plain; charset=utf-8", format!("{body}\n"))
}

/// Asks `url` and gives the body of a 200; anything else is told in words.
pub fn get(url: &str) -> Result<String, String> {
    let address = url.strip_prefix("http://").unwrap_or(url);
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let ask = || -> io::Result<String> {
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let head = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        Ok(reply)
    };
    let reply = ask().map_err(|error| error.to_string())?;
    match reply.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.to_owned()),
        _ => Err(reply.lines().next().unwrap_or("an empty reply").to_owned()),
    }
}

fn port() -> Option<u16> {
    let mut arguments = env::args().skip_while(|word| word != "--port");
    let port = arguments.nth(1).or_else(|| env::var("PORT").ok())?;
    port.parse().ok()
}

fn converse(mut stream: TcpStream, answer: impl Fn(&str) -> Answer) -> io::Result<()> {
    let begin = Instant::now();
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut request = BufReader::new(&stream).take(64 * 1024);

    let mut first = String::new();
    request.read_line(&mut first)?;
    let mut n_body_bytes = 0;
    loop {
        let mut line = String::new();
        if request.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((key, value)) = line.split_once(':')
            && key.eq_ignore_ascii_case("content-length")
        {
            n_body_bytes = value.trim().parse().unwrap_or(0);
        }
    }
    // Nobody wants the body, but closing on unread bytes would reset the connection before the answer arrives.
    io::copy(&mut request.take(n_body_bytes), &mut io::sink())?;

    let mut words = first.split_whitespace();
    let method = words.next().unwrap_or_default();
    let path = words.next().unwrap_or_default();
    let Answer(status, content_type, body) = match method {
        "GET" => answer(path.split('?').next().unwrap_or_default()),
        "" => return Ok(()), // only looked whether somebody is at home
        _ => text("405 Method Not Allowed", "only GET is understood here"),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n"
    )?;
    let length = body.len();
    write!(
        stream,
        "Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    // Asked every few seconds for as long as the stack runs: whoever reads the log looks for other things.
    if path != "/healthz" {
        let elapsed = begin.elapsed();
        say(&format!("{method} {path}  {status}  in {elapsed:.1?}"));
    }
    Ok(())
}

/// Not `println!`: a reader who is gone is no reason to stop serving.
fn say(line: &str) {
    writeln!(io::stdout(), "{line}").ok();
}

fn complain(name: &str, line: &str) {
    writeln!(io::stderr(), "{name}: {line}").ok();
}
