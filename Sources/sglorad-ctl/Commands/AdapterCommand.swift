internal import ArgumentParser
internal import SgloradInterface

struct AdapterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adapter", abstract: "List, show, export, pin, publish and remove adapters.",
        subcommands: [
            AdapterListCommand.self, AdapterShowCommand.self, AdapterExportCommand.self,
            AdapterPinCommand.self, AdapterPublishCommand.self, AdapterUnpublishCommand.self,
            AdapterRemoveCommand.self,
        ])
}

extension Report {
    /// A published adapter with its provenance and warnings.
    mutating func adapter(_ adapter: Wire.Adapter) {
        let provenance = adapter.provenance
        fields([
            ("adapter", adapter.adapterId),
            ("folder", adapter.path),
            ("base", adapter.base),
            ("label", adapter.label),
            ("size", "\(Format.count(adapter.files.count, "file")), \(Format.bytes(adapter.bytes))"),
            ("created", adapter.createdAt),
            ("pinned", adapter.pinned == true ? "yes" : nil),
            ("published as", adapter.published),
            ("strategy", provenance.strategy),
            ("routing", provenance.routing.map(Self.routing)),
            ("chosen because", provenance.choice),
            ("generator", provenance.generator),
            ("seed", String(provenance.seed)),
            ("guidance", Self.guidance(provenance.topK, provenance.temperature, provenance.proximity)),
            ("nearest", Self.nearest(provenance.nearestProximity, threshold: provenance.threshold)),
            ("examples", provenance.examples.map(Self.examples)),
            ("prompt", provenance.prompt?.prompt),
            ("answer", provenance.prompt?.answer),
        ])
        space()
        var experts = Table([.left("EXPERT"), .right("WEIGHT"), .right("PROXIMITY")])
        for expert in provenance.experts {
            experts.add([expert.expert, Format.fixed(expert.weight), Format.fixed(expert.proximity)])
        }
        table(experts, orIfEmpty: "No experts guided this adapter.")
        for text in provenance.warnings ?? [] { warning(text) }
        if adapter.truncated == true { truncated() }
    }

    /// The parameters of the guidance in one line.
    static func guidance(_ topK: Int, _ temperature: Double, _ proximity: String) -> String {
        "top \(topK), temperature \(Format.significant(temperature)), \(proximity) proximity"
    }

    /// The experts of the generator's pool in each layer, with their shares, in one line.
    static func routing(_ layers: [Wire.RoutedLayer]) -> String {
        layers.map { layer in
            let experts = layer.experts.map { "\($0.expert) \(Format.percent($0.gate))" }
            return "layer \(layer.layer): \(experts.joined(separator: ", "))"
        }.joined(separator: "; ")
    }

    /// What examples did for an adapter, in one line.
    static func examples(_ used: Wire.UsedExamples) -> String {
        var text =
            "\(used.examples), \(used.answered) with answers, \(Format.count(used.labels, "possible answer"))"
        if let steps = used.steps, let kept = used.kept {
            text += "; refined in \(Format.count(steps, "step")), \(kept) kept"
        }
        return used.outOfTime == true ? text + ", out of time" : text
    }

    /// The proximity of the nearest expert, and the refusal threshold.
    static func nearest(_ proximity: Double, threshold: Double) -> String {
        "\(Format.fixed(proximity)) (threshold \(Format.fixed(threshold)))"
    }

    /// Warns that an intent was truncated.
    mutating func truncated() {
        warning("the text exceeds the text encoder's maximum length and was truncated. Shorten it.")
    }

    /// The files of an adapter with their digests.
    mutating func files(of adapter: Wire.Adapter) {
        var files = Table([.left("FILE"), .right("BYTES"), .left("SHA-256")])
        for file in adapter.files { files.add([file.name, String(file.bytes), file.digest]) }
        table(files, orIfEmpty: "The adapter has no files.")
    }
}
