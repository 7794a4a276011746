internal import AdapterFormats
internal import ErrorModel
internal import ExpertLibrary
internal import IntentQueue
internal import LowRank

extension BaseRecord {
    /// Refuses an intent that asks for a format in which adapters for this base cannot be written.
    ///
    /// - Throws: `invalidIntent`.
    func requireFormats(_ options: IntentOptions) throws(SgloradError) {
        guard let format = options.adapterFormats.first(where: { $0.ggufType != nil }), modelFile == nil
        else {
            return
        }
        throw .invalidIntent(
            field: "formats",
            reason:
                "names \(format.rawValue), but the GGUF file of the base model '\(name)' is not known here. An "
                + "administrator makes it known with 'sglorad-ctl base add \(Remedy.word(name)) --gguf MODEL.gguf'"
        )
    }

    /// An adapter's files in the formats that an intent asks for.
    ///
    /// - Parameters:
    ///   - adapter: the adapter, on this base's layout.
    ///   - options: those of the intent.
    ///   - provenance: how it was made, as JSON.
    /// - Throws: `invalidIntent` if the base's GGUF file is no longer known; `layoutMismatch` if it does not have the
    ///   adapter's sites; `internal` if a number is NaN or infinite.
    func files(
        of adapter: LoRAAdapter, for options: IntentOptions, provenance: String
    ) throws(SgloradError) -> [(name: String, contents: [UInt8])] {
        try requireFormats(options)
        let texts = ["sglorad.provenance": provenance]
        // Programs that read GGUF files know no JSON; PEFT files have the form in the provenance alone.
        let form = promptForm?.metadata ?? [:]
        var files: [(name: String, contents: [UInt8])] = []
        for format in options.adapterFormats {
            if let type = format.ggufType, let modelFile {
                let writer = try GGUFAdapterWriter.file(
                    for: adapter, base: modelFile, type: type,
                    provenance: texts.merging(form) { own, _ in own })
                files.append((GGUFAdapterWriter.fileName, writer.bytes()))
            } else {
                files += try PEFTWriter.files(for: adapter, template: template, provenance: texts)
            }
        }
        return files
    }
}

extension IntentOptions {
    /// The formats to write; PEFT if none is named.
    fileprivate var adapterFormats: [AdapterFormat] {
        formats.map { $0.compactMap { AdapterFormat(rawValue: $0) } } ?? [.peft]
    }
}
