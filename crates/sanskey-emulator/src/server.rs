//! The loopback server: bounded in time, in requests, in connections and in what it reads.

use std::{
    fmt, io,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use http::{HeaderName, HeaderValue, Response, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use time::OffsetDateTime;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{Semaphore, watch},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    answers::{Answer, Request, google_error},
    aws_keys::AwsKey,
    clock,
    credential_config::{self, Way},
    faults::Fault,
    mtls_files,
    payload::Payload,
    routes,
    settings::Settings,
    store::{RequestRecord, Store},
    tls, workforce,
};

const BODY_LIMIT: usize = 256 * 1024;
const CONNECTIONS: usize = 128;
const CONNECTION_TIMEOUT: Duration = Duration::from_mins(2);
/// How long answers under way may take once the emulator stops.
const FAREWELL: Duration = Duration::from_secs(1);

/// Starts emulators.
#[derive(Debug)]
pub struct Emulator;

impl Emulator {
    /// Starts an emulator on loopback, in a thread of its own. It answers as soon as this returns, and stops
    /// when the returned value is dropped, when its lifetime is over, or when it has answered its number of
    /// requests.
    ///
    /// # Errors
    /// A setting cannot work (`InvalidInput`), the port is taken, or the system gives no socket or thread.
    pub fn start(settings: Settings) -> io::Result<Running> {
        settings.check()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let store = Store::default();
        let secure = if settings.mtls {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            Some((listener, tls::acceptor(&store.authority().server())?))
        } else {
            None
        };
        let mtls_url = match &secure {
            Some((listener, _)) => Some(format!("https://{}", listener.local_addr()?)),
            None => None,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;

        let (stop, stopped) = watch::channel(None);
        let stop = StopHandle(Arc::new(stop));
        let world = Arc::new(World { settings, store: Mutex::new(store), stop: stop.clone() });
        let thread = std::thread::Builder::new().name("sanskey-emulator".to_owned()).spawn({
            let world = Arc::clone(&world);
            move || runtime.block_on(serve(listener, secure, world, stopped))
        })?;
        Ok(Running { url, mtls_url, world, stop, thread: Some(thread) })
    }
}

/// A running emulator. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub url: String,
    /// The same for the second port, `https://127.0.0.1:PORT`, if there is one: see [`Settings::mtls`].
    pub mtls_url: Option<String>,
    world: Arc<World>,
    stop: StopHandle,
    thread: Option<JoinHandle<io::Result<StopReason>>>,
}

impl Running {
    /// An `external_account` configuration, as JSON, that leads a client here: AWS source, version 2 of the
    /// metadata service, and impersonation of the service account.
    pub fn credential_config(&self) -> String {
        credential_config::json(&self.url, &self.world.settings, Way::Direct, true)
    }

    /// The same without impersonation: its token is the federated one.
    pub fn credential_config_without_impersonation(&self) -> String {
        credential_config::json(&self.url, &self.world.settings, Way::Direct, false)
    }

    /// A configuration in which the client goes through the roles of the settings before it signs: from the first
    /// that everybody may assume to the last that can be reached from there. Only sanskey reads that part.
    pub fn role_chain_config(&self) -> String {
        credential_config::json(&self.url, &self.world.settings, Way::RoleChain, true)
    }

    /// A configuration for the second provider: its proof is a web identity token of AWS. Only sanskey reads it.
    pub fn web_identity_config(&self) -> String {
        credential_config::json(&self.url, &self.world.settings, Way::WebIdentity, true)
    }

    /// Writes what a workload with a certificate needs into a folder, which is made if it is not there:
    ///
    /// - `ca.pem`: the root that signed the server's certificate and, over an intermediate, the workload's
    /// - `client.pem`, `client-key.pem`, `chain.pem`: the workload's certificate, its key, and the intermediate
    /// - `certificate_config.json`: names the first two
    /// - `credentials.json`, `credentials-federated.json`: configurations with impersonation and without
    ///
    /// # Errors
    /// There is no second port (`InvalidInput`), or the files cannot be written.
    pub fn write_mtls_files(&self, folder: &Path) -> io::Result<()> {
        let Some(url) = &self.mtls_url else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "there is no port for mutual TLS"));
        };
        let now = self.world.now();
        mtls_files::write(folder, url, &self.world.settings, &self.world.store(), now)
    }

    /// A configuration for the provider of the workforce pool: its proof is the token of a person, behind a URL of the
    /// emulator's. It names the OAuth client.
    pub fn workforce_config(&self) -> String {
        workforce::config(&self.url, &self.world.settings)
    }

    /// A configuration of the type `external_account_authorized_user`, with a fresh refresh token.
    pub fn authorized_user_config(&self) -> String {
        workforce::authorized_user_config(&self.url, &self.world.settings, &mut self.world.store())
    }

    /// The settings that it was started with.
    pub fn settings(&self) -> &Settings {
        &self.world.settings
    }

    /// Fresh temporary keys of the instance's role: the same that the metadata service hands out.
    pub fn issue_role_key(&self) -> AwsKey {
        let key = AwsKey::of_instance_role(&self.world.settings, self.world.now());
        self.world.store().keep_aws_key(key)
    }

    /// Fresh keys of an IAM user, which have no session token and no expiry.
    pub fn issue_user_key(&self, user_name: &str) -> AwsKey {
        self.world.store().keep_aws_key(AwsKey::of_user(&self.world.settings, user_name))
    }

    /// Fresh keys of the account's root user, which have no session token and no expiry either.
    pub fn issue_root_key(&self) -> AwsKey {
        self.world.store().keep_aws_key(AwsKey::of_root(&self.world.settings))
    }

    /// The requests so far, in the order in which they were answered.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.world.store().requests.clone()
    }

    /// Something that stops the emulator from another thread.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }

    /// Waits until the emulator has stopped, and tells why it did.
    ///
    /// # Errors
    /// The server failed.
    pub fn wait(mut self) -> io::Result<StopReason> {
        self.join()
    }

    fn join(&mut self) -> io::Result<StopReason> {
        let thread = self.thread.take().ok_or_else(|| io::Error::other("the emulator was joined before"))?;
        thread.join().map_err(|_| io::Error::other("the emulator's thread panicked"))?
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.stop();
        // There is nobody left to tell whether it ended well.
        let _ = self.join();
    }
}

/// Stops an emulator; see [`Running::stop_handle`].
#[derive(Debug, Clone)]
pub struct StopHandle(Arc<watch::Sender<Option<StopReason>>>);

impl StopHandle {
    /// Asks the emulator to stop. Asking twice does nothing more.
    pub fn stop(&self) {
        self.because(StopReason::Asked);
    }

    fn because(&self, reason: StopReason) {
        self.0.send_if_modified(|known| known.is_none().then(|| *known = Some(reason)).is_some());
    }
}

/// Why an emulator stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// [`StopHandle::stop`] was called, or [`Running`] was dropped.
    Asked,
    /// [`Settings::lifetime`] is over.
    LifetimeOver,
    /// [`Settings::max_requests`] were answered.
    RequestsUsedUp,
}

impl fmt::Display for StopReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Asked => "asked to stop",
            Self::LifetimeOver => "lifetime over",
            Self::RequestsUsedUp => "number of requests used up",
        })
    }
}

/// What all connections share.
#[derive(Debug)]
struct World {
    settings: Settings,
    store: Mutex<Store>,
    stop: StopHandle,
}

impl World {
    fn store(&self) -> MutexGuard<'_, Store> {
        // A panic in one answer leaves a store that is still good for the next.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> OffsetDateTime {
        clock::now(&self.store(), &self.settings)
    }

    /// Answers one request and counts it.
    fn answer(&self, request: &Request) -> (Answer, Fault) {
        let mut store = self.store();
        if store.answered >= self.settings.max_requests {
            let message = "The emulator's number of requests is used up.";
            return (google_error(503, "UNAVAILABLE", message, Vec::new()), Fault::default());
        }
        store.answered += 1;
        if store.answered == self.settings.max_requests {
            self.stop.because(StopReason::RequestsUsedUp);
        }
        let now = clock::now(&store, &self.settings);
        routes::answer(&mut store, &self.settings, request, now)
    }
}

/// Accepts connections until something stops it, then lets the answers under way finish.
async fn serve(
    listener: TcpListener,
    secure: Option<(TcpListener, TlsAcceptor)>,
    world: Arc<World>,
    mut stopped: watch::Receiver<Option<StopReason>>,
) -> io::Result<StopReason> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let secure = match secure {
        Some((listener, acceptor)) => Some((tokio::net::TcpListener::from_std(listener)?, acceptor)),
        None => None,
    };
    let seats = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let end = tokio::time::sleep(world.settings.lifetime);
    tokio::pin!(end);

    let reason = loop {
        let accepted = tokio::select! {
            () = &mut end => break StopReason::LifetimeOver,
            reason = stopped.wait_for(Option::is_some) => {
                break reason.ok().and_then(|reason| *reason).unwrap_or(StopReason::Asked);
            }
            accepted = listener.accept() => accepted.map(|(stream, _)| (stream, None)),
            accepted = accept_secure(secure.as_ref()) => {
                accepted.map(|(stream, acceptor)| (stream, Some(acceptor)))
            }
        };
        let Ok((stream, acceptor)) = accepted else {
            // The connection broke before it was accepted, or there is no descriptor left for it.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else { continue };
        let (world, watcher) = (Arc::clone(&world), graceful.watcher());
        tokio::spawn(async move {
            // A client that breaks off, or stays for too long, concerns nobody else.
            let _ = timeout(CONNECTION_TIMEOUT, connection(stream, acceptor, world, watcher)).await;
            drop(seat);
        });
    };
    drop((listener, secure));
    let _ = timeout(FAREWELL, graceful.shutdown()).await;
    Ok(reason)
}

/// The next connection to the second port; never, if there is none.
async fn accept_secure(
    secure: Option<&(tokio::net::TcpListener, TlsAcceptor)>,
) -> io::Result<(TcpStream, TlsAcceptor)> {
    match secure {
        Some((listener, acceptor)) => listener.accept().await.map(|(stream, _)| (stream, acceptor.clone())),
        None => std::future::pending().await,
    }
}

/// Serves one connection, over TLS if there is an acceptor for it.
async fn connection(stream: TcpStream, acceptor: Option<TlsAcceptor>, world: Arc<World>, watcher: Watcher) {
    let Some(acceptor) = acceptor else { return converse(stream, None, world, watcher).await };
    if let Ok(Ok(stream)) = timeout(world.settings.client_timeout, acceptor.accept(stream)).await {
        let certificate = tls::client_certificate(&stream);
        converse(stream, certificate, world, watcher).await;
    }
}

/// Answers the requests of one connection.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    client_certificate: Option<Arc<[u8]>>,
    world: Arc<World>,
    watcher: Watcher,
) {
    let head_timeout = world.settings.client_timeout;
    let service = service_fn(move |request| respond(Arc::clone(&world), request, client_certificate.clone()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .serve_connection(TokioIo::new(stream), service);
    // A client that breaks off concerns nobody else.
    let _ = watcher.watch(connection).await;
}

/// From HTTP to an answer and back. An error closes the connection.
async fn respond(
    world: Arc<World>,
    request: http::Request<Incoming>,
    client_certificate: Option<Arc<[u8]>>,
) -> io::Result<Response<Payload>> {
    let (head, body) = request.into_parts();
    let no_fault = |answer| (answer, Fault::default());
    let (answer, fault) =
        match timeout(world.settings.client_timeout, Limited::new(body, BODY_LIMIT).collect()).await {
            Ok(Ok(body)) => world.answer(&Request {
                method: head.method,
                path: head.uri.path().to_owned(),
                query: head.uri.query().unwrap_or_default().to_owned(),
                headers: head.headers,
                body: body.to_bytes().to_vec(),
                client_certificate,
            }),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                let message = "The request body is larger than 256 KiB.";
                no_fault(
                    google_error(413, "INVALID_ARGUMENT", message, Vec::new())
                        .with_header("connection", "close"),
                )
            }
            Ok(Err(_)) => {
                no_fault(google_error(400, "INVALID_ARGUMENT", "The request body broke off.", Vec::new()))
            }
            Err(_) => no_fault(
                google_error(408, "DEADLINE_EXCEEDED", "The request body did not arrive.", Vec::new())
                    .with_header("connection", "close"),
            ),
        };
    let date = clock::http_date(world.now());
    tokio::time::sleep(Duration::from_millis(fault.delay_milliseconds)).await;
    if fault.reset {
        return Err(io::Error::other("this connection was to be closed"));
    }
    Ok(http_response(answer, &fault, date))
}

fn http_response(answer: Answer, fault: &Fault, date: String) -> Response<Payload> {
    const CHECKED: &str = "header values are dates, constants, checked settings, or headers of the request";
    let length = answer.body.len();
    let body = if fault.truncate { Payload::half(answer.body) } else { Payload::whole(answer.body) };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status.try_into().expect("statuses are constants, or were checked");
    let headers = response.headers_mut();
    headers.insert(header::DATE, date.try_into().expect(CHECKED));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(&answer.content_type).expect(CHECKED));
    for (name, value) in answer.headers {
        headers.append(name, value.try_into().expect(CHECKED));
    }
    for (name, value) in &fault.headers {
        headers.insert(name.parse::<HeaderName>().expect(CHECKED), value.parse().expect(CHECKED));
    }
    if fault.truncate {
        // An empty body cannot be half sent, but it can be announced as more.
        headers.insert(header::CONTENT_LENGTH, length.max(1).into());
    }
    response
}
