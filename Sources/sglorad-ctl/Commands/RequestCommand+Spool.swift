internal import ErrorModel
internal import SgloradInterface

extension RequestCommand {
    /// Submits the intent through the spool folder, and waits for the result file unless `--no-wait` is given.
    func submitToSpool(_ intent: Wire.Intent, _ spool: String, _ console: Output) async throws {
        let destination = try output.map { try ExportDestination(folder: $0) }
        let file = try SpooledFile(intent, in: spool, key: idempotencyKey.map(DashedText.restored))
        if noWait {
            return try console.emit(SpooledReceipt(name: file.name, result: file.result)) {
                $0.line(file.result)
            }
        }
        var progress = Progress(otherwise: .nothing)
        defer { progress.clear() }
        progress.show("submitted as \(file.name); waiting for the daemon", fraction: 0)
        let result = try await file.wait()
        guard let adapter = result.adapter else { throw Self.failure(result) }
        // Exporting through the daemon works even if the caller may not read its folders.
        if let destination {
            try await connection.withClient { try await AdapterExport.export(adapter, to: destination, $0) }
        }
        progress.clear()
        try console.emit(result) { $0.adapter(adapter, exportedTo: destination) }
    }

    /// The failure of an intent whose result holds no adapter.
    static func failure(_ result: Wire.SpoolResult) -> Failure {
        guard let failure = result.failure, case .string(let message)? = failure.parameters["message"] else {
            return Failure(
                name: "RequestFailed",
                message:
                    "The intent produced no adapter: it is \(result.state.rawValue); the daemon gave no reason.",
                parameters: ["state": .string(result.state.rawValue)], remedy: .readLog, status: .failed)
        }
        let more = result.rejected.map { " The rejected file was kept as \($0)." } ?? ""
        let code = SgloradError.Code.all.first { "\(Wire.interface).\($0.name)" == failure.error }
        return Failure(
            name: failure.error, message: message + more, parameters: failure.parameters,
            remedy: code?.remedy(failure.parameters).onCommandLine ?? .readLog,
            status: ExitStatus(errorName: failure.error))
    }
}

extension Report {
    /// The adapter of a completed request, and where `-o` has written it.
    mutating func adapter(_ adapter: Wire.Adapter, exportedTo destination: ExportDestination?) {
        self.adapter(adapter)
        guard let destination else { return }
        space()
        line(AdapterExport.sentence(adapter.files.count, destination))
    }
}
