import ControlProtocol

extension Report {
    /// A published adapter, whole: what it is, the experts behind it, and what to watch out for.
    mutating func adapter(_ adapter: Wire.Adapter) {
        let provenance = adapter.provenance
        fields([
            ("adapter", adapter.adapterId),
            ("folder", adapter.path),
            ("base", adapter.base),
            ("label", adapter.label),
            ("size", "\(Format.count(adapter.files.count, "file")), \(Format.bytes(adapter.bytes))"),
            ("made", adapter.createdAt),
            ("pinned", adapter.pinned == true ? "yes" : nil),
            ("strategy", provenance.strategy),
            ("chosen", provenance.choice),
            ("generator", provenance.generator),
            ("seed", String(provenance.seed)),
            (
                "guidance",
                "top \(provenance.topK), temperature \(Format.significant(provenance.temperature)), "
                    + "\(provenance.proximity) proximity"
            ),
            (
                "nearest",
                "\(Format.fixed(provenance.nearestProximity)) (threshold \(Format.fixed(provenance.threshold)))"
            ),
        ])
        space()
        var experts = Table([.left("EXPERT"), .right("WEIGHT"), .right("PROXIMITY")])
        for expert in provenance.experts {
            experts.add([expert.expert, Format.fixed(expert.weight), Format.fixed(expert.proximity)])
        }
        table(experts, orIfEmpty: "No expert guided it.")
        for text in provenance.warnings ?? [] { warning(text) }
        if adapter.truncated == true { truncated() }
    }

    /// Says that an intent was cut.
    mutating func truncated() {
        warning("the text was longer than the text encoder reads, and was cut. Say it in fewer words.")
    }

    /// The files of an adapter with their digests.
    mutating func files(of adapter: Wire.Adapter) {
        var files = Table([.left("FILE"), .right("BYTES"), .left("SHA-256")])
        for file in adapter.files { files.add([file.name, String(file.bytes), file.digest]) }
        table(files, orIfEmpty: "It has no files.")
    }
}
