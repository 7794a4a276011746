import ControlProtocol
import ErrorModel

extension RequestCommand {
    /// Asks by a file in the spool, and waits for the file that answers.
    func drop(_ intent: Wire.Intent, into spool: String, _ console: Output) async throws {
        let destination = try output.map { try ExportDestination(folder: $0) }
        let file = try SpooledFile(intent, in: spool, key: idempotencyKey)
        if noWait {
            return try console.emit(SpooledReceipt(name: file.name, result: file.result)) {
                $0.line(file.result)
            }
        }
        var progress = Progress(otherwise: .nothing)
        defer { progress.clear() }
        progress.show("dropped as \(file.name); waiting for the daemon", fraction: 0)
        let result = try await file.wait()
        guard let adapter = result.adapter else { throw Self.failure(result) }
        // The daemon has answered, so it can hand out the files too, whoever may read its folders.
        if let destination {
            try await connection.withClient { try await AdapterExport.export(adapter, to: destination, $0) }
        }
        progress.clear()
        try console.emit(result) { report in
            report.adapter(adapter)
            if let destination {
                report.space()
                report.line(AdapterExport.sentence(adapter, destination))
            }
        }
    }

    /// The failure of an intent whose result holds no adapter.
    static func failure(_ result: SpoolResult) -> Failure {
        guard let failure = result.failure, case .string(let message)? = failure.parameters["message"] else {
            return Failure(
                name: "RequestFailed",
                message:
                    "The intent made no adapter: it is \(result.state.rawValue), and the daemon says no more.",
                parameters: ["state": .string(result.state.rawValue)], status: .failed)
        }
        let more = result.rejected.map { " The file is kept as \($0)." } ?? ""
        return Failure(
            name: failure.error, message: message + more, parameters: failure.parameters,
            status: ExitStatus(errorName: failure.error))
    }
}
