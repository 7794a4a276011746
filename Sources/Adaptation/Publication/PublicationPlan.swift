internal import ErrorModel
internal import ExpertLibrary

/// What the model servers' files are to hold: made of the adapters that have names, and of the base models.
struct PublicationPlan: Sendable {
    /// What a model server needs of an adapter and lacks, in words that continue "it is not published to … ".
    struct Obstacle: Sendable, Hashable {
        let server: ModelServer
        let reason: String
    }

    /// The sections of the preset file; nil without a llama-server.
    private(set) var preset: PresetFile?
    /// The folders; nil without a PEFT folder.
    private(set) var folders: [PublishedFolders.Entry]?
    /// The names that no server can serve, each with the reasons.
    private(set) var unserved: [String: [Obstacle]] = [:]

    /// - Parameters:
    ///   - adapters: those that have names, in the order of these.
    ///   - bases: every base model.
    ///   - options: the configuration.
    ///   - folder: where an adapter's folder is.
    init(
        _ adapters: [AdapterRecord], bases: [BaseRecord], _ options: PublicationOptions,
        folder: (AdapterRecord) -> String
    ) {
        var sections: [PresetFile.Section] = []
        var entries: [PublishedFolders.Entry] = []
        for adapter in adapters {
            guard let name = adapter.publishedAs else { continue }
            let form = PublishedForm(adapter, bases: bases, folder: folder(adapter))
            if options.llamaServer != nil, let section = try? form.section(name).get() {
                sections.append(section)
            }
            if options.peftDirectory != nil, let entry = try? form.entry(name, options.baseModelNames).get() {
                entries.append(entry)
            }
            let obstacles = form.obstacles(options)
            if obstacles.count == options.servers.count { unserved[name] = obstacles }
        }
        if let server = options.llamaServer {
            preset = PresetFile(arguments: server.arguments, sections: sections)
        }
        if options.peftDirectory != nil { folders = entries }
    }
}

/// An adapter as model servers can take it.
struct PublishedForm: Sendable {
    /// Why a server cannot take an adapter.
    struct Unsuitable: Error {
        let reason: String
    }

    private let adapter: AdapterRecord
    private let base: BaseRecord?
    private let folder: String

    init(_ adapter: AdapterRecord, bases: [BaseRecord], folder: String) {
        self.adapter = adapter
        self.folder = folder
        base = BaseName.find(adapter.base, in: bases)
    }

    /// The section of the preset file.
    func section(_ name: String) -> Result<PresetFile.Section, Unsuitable> {
        guard let file = adapter.files.first(where: { $0.name.hasSuffix(".gguf") }) else {
            return .failure(
                Unsuitable(reason: "it has no GGUF file; request it again with '--format gguf'"))
        }
        guard let base, base.modelFile != nil else {
            return .failure(
                Unsuitable(
                    reason:
                        "the GGUF file of the base model '\(adapter.base)' is not known; name it with 'sglorad-ctl base "
                        + "add \(Remedy.word(adapter.base)) --gguf MODEL.gguf'"))
        }
        guard let model = base.modelPath else {
            return .failure(
                Unsuitable(
                    reason:
                        "where the GGUF file of the base model '\(base.name)' is, is not known; say it with 'sglorad-ctl "
                        + "base add \(Remedy.word(base.name)) --gguf MODEL.gguf'"))
        }
        let lora = "\(folder)/\(file.name)"
        for (path, obstacle) in [
            (model, PresetFile.obstacle(toValue: model)), (lora, PresetFile.obstacle(toAdapter: lora)),
        ] {
            guard let obstacle else { continue }
            return .failure(
                Unsuitable(
                    reason:
                        "the path \(Quoted(path)) \(obstacle), which a preset file cannot hold; move it to another place"
                ))
        }
        return .success(PresetFile.Section(name: name, model: model, lora: lora))
    }

    /// The folder for vLLM.
    func entry(
        _ name: String, _ baseModelNames: [String: String]
    ) -> Result<PublishedFolders.Entry, Unsuitable> {
        guard adapter.files.contains(where: { $0.name.hasSuffix(".safetensors") }) else {
            return .failure(Unsuitable(reason: "it has no PEFT files; request it again with '--format peft'"))
        }
        let names = [adapter.base] + (base.map { [$0.name] + $0.formerNames } ?? [])
        return .success(
            PublishedFolders.Entry(
                name: name, adapter: adapter.id, source: folder,
                baseModelName: names.lazy.compactMap { baseModelNames[$0] }.first))
    }

    /// Which of the configured servers cannot take it, and why.
    func obstacles(_ options: PublicationOptions) -> [PublicationPlan.Obstacle] {
        var obstacles: [PublicationPlan.Obstacle] = []
        if options.llamaServer != nil, case .failure(let unsuitable) = section("") {
            obstacles.append(
                PublicationPlan.Obstacle(server: .llamaServer, reason: unsuitable.reason))
        }
        if options.peftDirectory != nil, case .failure(let unsuitable) = entry("", [:]) {
            obstacles.append(
                PublicationPlan.Obstacle(server: .peftDirectory, reason: unsuitable.reason))
        }
        return obstacles
    }
}

extension PublicationOptions {
    /// The servers that are configured.
    var servers: [ModelServer] {
        (llamaServer == nil ? [] : [.llamaServer]) + (peftDirectory == nil ? [] : [.peftDirectory])
    }
}
