import ControlProtocol

/// Sends files to the daemon, and shows on a terminal how far that is.
enum Upload {
    /// Sends the files one after the other; `name` stands before the progress.
    static func send(
        _ files: [OutgoingFile], to client: Client, as name: String
    ) async throws -> [Wire.UploadedFile] {
        var progress = Progress(otherwise: .nothing)
        defer { progress.clear() }
        let total = files.reduce(0) { $0 + $1.bytes }
        var before = 0
        var uploaded: [Wire.UploadedFile] = []
        for file in files {
            let result = try await file.upload(to: client) { sent in
                let fraction = Double(before + sent) / Double(max(1, total))
                let figures = "\(Format.bytes(before + sent)) of \(Format.bytes(total))"
                progress.show(
                    Progress.line(name, fraction: fraction, figures: figures, columns: StandardError.columns),
                    fraction: fraction)
            }
            uploaded.append(result)
            before += file.bytes
        }
        return uploaded
    }
}
