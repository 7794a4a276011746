internal import CBoundProcess
internal import ErrorModel
internal import Files
internal import Glibc
internal import LlamaServer

/// A llama-server of one's own, on a Unix socket in a folder of one's own; it ends when the value is released, and with the
/// thread that started it.
///
/// Its calls block.
final class EngineProcess {
    let client: LlamaServerClient
    private let program: String
    private let log: String
    private var process: pid_t
    private var hasEnded = false

    /// How long a model may take to be loaded, in seconds.
    private static let loading = 600.0
    /// How much of its log an error shows, in bytes.
    private static let shownLog = 1500

    /// Starts llama-server and waits until it has loaded the model.
    ///
    /// - Parameters:
    ///   - engine: the program and its threads.
    ///   - model: the path of the model's file.
    ///   - adapters: names of GGUF adapters in the folder, without commas; a request refers to them by their places.
    ///   - context: the most tokens of a prompt with its answer.
    ///   - folder: a folder of the caller's, for the socket and the log.
    /// - Throws: `storageFailure` that names the program, if it cannot be started, does not answer, or ends; then with the end
    ///   of its log.
    init(
        _ engine: EngineJob, model: String, adapters: [String], context: Int, folder: String
    ) throws(SgloradError) {
        program = engine.program
        log = "\(folder)/llama-server.log"
        client = LlamaServerClient(socket: "\(folder)/llama.sock")
        let output = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw .system(log, "the file cannot be created") }
        defer { close(output) }
        // No prompt is remembered, since it would be used across scales of the adapters.
        var arguments = [
            engine.program, "--model", model, "--host", client.socket, "--parallel", "1", "--ctx-size",
            "\(context)",
            "--threads", "\(engine.threads)", "--cache-ram", "0", "--no-warmup",
        ]
        if !adapters.isEmpty {
            arguments += ["--lora", adapters.joined(separator: ","), "--lora-init-without-apply"]
        }
        process = Self.start(engine.program, arguments, Self.environment(home: folder), folder, output)
        guard process > 0 else {
            throw .storageFailure(
                engine.program,
                "llama-server cannot be started: \(SgloradError.systemReason(errno)). Set engine.program to its path."
            )
        }
        do throws(SgloradError) {
            try waitUntilReady()
            let loaded = try answer { () throws(LlamaServerFailure) in try client.adapters(within: 30) }
            guard loaded.map(\.path) == adapters else {
                throw .storageFailure(
                    program,
                    "llama-server has loaded \(loaded.count) adapters, not the \(adapters.count) it was given."
                )
            }
        } catch {
            stop()
            throw error
        }
    }

    deinit { stop() }

    /// Ends the process; a later call does nothing.
    func stop() {
        guard process > 0, !hasEnded else { return }
        kill(process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        hasEnded = true
    }

    /// Makes a call; a failure is explained with the end of the process, if it has ended.
    func answer<T>(_ call: () throws(LlamaServerFailure) -> T) throws(SgloradError) -> T {
        do throws(LlamaServerFailure) {
            return try call()
        } catch {
            // A process that has closed its connections may take a moment to end.
            for _ in 0..<(error.isPassing ? 20 : 1) {
                try requireAlive()
                usleep(50_000)
            }
            throw .storageFailure(program, "\(error)", cause: error)
        }
    }

    private func waitUntilReady() throws(SgloradError) {
        let end = ContinuousClock.now + .seconds(Self.loading)
        while true {
            var failure: LlamaServerFailure?
            do throws(LlamaServerFailure) {
                if try client.isReady() { return }
            } catch {
                failure = error
            }
            try requireAlive()
            if let failure, !failure.isPassing {
                throw .storageFailure(program, "\(failure)", cause: failure)
            }
            guard ContinuousClock.now < end else {
                throw .storageFailure(
                    program, "llama-server has not loaded its model within \(Int(Self.loading)) s. \(logged)")
            }
            usleep(50_000)
        }
    }

    private func requireAlive() throws(SgloradError) {
        var status: Int32 = 0
        guard !hasEnded, waitpid(process, &status, WNOHANG) == process else { return }
        hasEnded = true
        let signal = status & 0x7F
        let end = signal == 0 ? "with the status \(status >> 8 & 0xFF)" : "by the signal \(signal)"
        throw .storageFailure(
            program,
            "llama-server ended \(end). Is the memory sufficient, and the model one that it can run? \(logged)"
        )
    }

    /// The end of its log, on one line.
    private var logged: String {
        guard let bytes = try? readLog() else { return "It left no log." }
        let text = String(decoding: bytes.suffix(Self.shownLog), as: UTF8.self)
        let line = text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : String($0) }
            .joined()
        return "Its last words: \(line)"
    }

    private func readLog() throws(SgloradError) -> [UInt8] {
        let file = try ReadableFile(log)
        return try file.read(1 << 22)
    }

    /// Only what a program needs to be found and to run: variables that set options of llama.cpp are left out.
    private static func environment(home: String) -> [String] {
        let kept = ["PATH", "LD_LIBRARY_PATH", "LANG"].compactMap { (name: String) -> String? in
            getenv(name).map { "\(name)=\(String(cString: $0))" }
        }
        return kept + ["HOME=\(home)"]
    }

    private static func start(
        _ program: String, _ arguments: [String], _ environment: [String], _ folder: String, _ output: Int32
    ) -> pid_t {
        var (words, variables) = (arguments.map { strdup($0) }, environment.map { strdup($0) })
        defer { for text in words + variables { free(text) } }
        words.append(nil)
        variables.append(nil)
        return sglorad_start_bound(program, words, variables, folder, output)
    }
}
