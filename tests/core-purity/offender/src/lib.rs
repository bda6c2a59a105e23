//! Code that the core must never contain. Clippy, under the core's own configuration, must flag every line that is
//! marked `BANNED` and no other; `scripts/check-core-purity.sh` compares the two.
#![allow(dead_code)]

fn clocks() -> bool {
    let started = std::time::Instant::now(); // BANNED
    let today = std::time::SystemTime::now(); // BANNED
    let epoch = std::time::SystemTime::UNIX_EPOCH; // BANNED
    let argument = core::time::Duration::from_secs(3600);
    today > epoch && started.elapsed() < argument
}

fn environment() -> bool {
    let one = std::env::var("AWS_REGION"); // BANNED
    let raw = std::env::var_os("AWS_REGION"); // BANNED
    let all = std::env::vars().count(); // BANNED
    let arguments = std::env::args().count(); // BANNED
    let folder = std::env::current_dir(); // BANNED
    let compiled_in = env!("CARGO_PKG_VERSION");
    one.is_ok() && raw.is_some() && folder.is_ok() && all + arguments > compiled_in.len()
}

fn files() -> std::io::Result<usize> {
    let text = std::fs::read_to_string("token")?; // BANNED
    let bytes = std::fs::read("token")?; // BANNED
    std::fs::write("token", &text)?; // BANNED
    drop(std::fs::File::open("token")?); // BANNED
    drop(std::fs::OpenOptions::new().read(true).open("token")?); // BANNED
    let exists = std::path::Path::new("token").exists(); // BANNED
    let named = std::path::Path::new("token").file_name().is_some();
    Ok(text.len() + bytes.len() + usize::from(exists) + usize::from(named))
}

fn processes() -> std::io::Result<()> {
    std::process::Command::new("true").status()?; // BANNED
    std::process::exit(1) // BANNED
}

fn network() -> std::io::Result<()> {
    use std::net::ToSocketAddrs as _;
    drop("localhost:443".to_socket_addrs()?); // BANNED
    drop(std::net::TcpStream::connect("localhost:443")?); // BANNED
    drop(std::net::TcpListener::bind("localhost:0")?); // BANNED
    drop(std::net::UdpSocket::bind("localhost:0")?); // BANNED
    let parsed: Result<std::net::IpAddr, _> = "127.0.0.1".parse();
    drop(parsed);
    Ok(())
}

fn threads() {
    std::thread::sleep(core::time::Duration::from_secs(1)); // BANNED
    drop(std::thread::spawn(|| ())); // BANNED
}

fn output() -> bool {
    println!("a token"); // BANNED
    eprintln!("a token"); // BANNED
    print!("a token"); // BANNED
    eprint!("a token"); // BANNED
    drop(std::io::stdout()); // BANNED
    drop(std::io::stderr()); // BANNED
    drop(std::io::stdin()); // BANNED
    let shown = String::from("a token");
    dbg!(shown.is_empty()) // BANNED
}

fn hash_order() -> usize {
    let map: std::collections::HashMap<u8, u8> = [(1, 1)].into(); // BANNED
    let set: std::collections::HashSet<u8> = [1].into(); // BANNED
    let ordered: std::collections::BTreeMap<u8, u8> = [(1, 1)].into();
    map.len() + set.len() + ordered.len()
}
