import ControlProtocol
import ErrorModel

/// Writes a published adapter to a folder of the caller's: the same for `request -o` and `adapter export`.
enum AdapterExport {
    /// Reads the adapter's files from the daemon and writes them.
    ///
    /// A failure names the adapter, which stays in the daemon and can be exported another time.
    static func export(_ adapter: Wire.Adapter, to destination: ExportDestination, _ client: Client)
        async throws
    {
        var progress = Progress(otherwise: .nothing)
        defer { progress.clear() }
        let total = max(1, adapter.files.reduce(0) { $0.addingReportingOverflow($1.bytes).partialValue })
        let notice = "The export was called off."
        do {
            try await Interruption.guarding(client, notice: notice) {
                let replies = client.stream(Methods.ReadAdapter.self, .init(adapterId: adapter.adapterId))
                try await AdapterFolderWriter.write(adapter, replies: replies, to: destination) { bytes in
                    let fraction = Double(bytes) / Double(total)
                    let figures = "\(Format.bytes(bytes)) of \(Format.bytes(total))"
                    progress.show(
                        Progress.line(
                            "writing", fraction: fraction, figures: figures, columns: StandardError.columns),
                        fraction: fraction)
                }
            }
        } catch {
            throw Failure(error).adding(
                "The adapter itself is complete: 'sglorad-ctl adapter export \(adapter.adapterId) -o DIR' writes it.",
                parameters: ["adapterId": .string(adapter.adapterId)])
        }
    }

    /// What is said when an export is done.
    static func sentence(_ adapter: Wire.Adapter, _ destination: ExportDestination) -> String {
        "Wrote \(Format.count(adapter.files.count, "file")) to \(destination.path); their sizes are as announced, "
            + "their digests are not checked."
    }
}
