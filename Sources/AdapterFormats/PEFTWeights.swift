internal import ErrorModel
internal import LinearAlgebra
internal import LowRank

/// Reads LoRA factors from an `adapter_model.safetensors`.
enum PEFTWeights {
    /// The longest tensor name that is accepted, in bytes of UTF-8.
    static let maximumNameLength = 1024

    private struct Pair {
        var a: SafetensorsFile.Tensor?
        var b: SafetensorsFile.Tensor?
    }

    /// All factors of a file, sorted by path; every tensor in the file must be one of them.
    static func factors(
        in file: SafetensorsFile, configuration: PEFTConfiguration
    ) throws(SgloradError) -> [SiteFactors] {
        var pairs: [String: Pair] = [:]
        var adapterName: String??
        for tensor in file.tensors {
            let name = try FactorName(tensor.name, file: file.displayName)
            guard adapterName == nil || adapterName == .some(name.adapter) else {
                throw .invalidFile(
                    file.displayName,
                    "contains more than one adapter: the tensor \(Quoted(tensor.name)) belongs to a second one"
                )
            }
            adapterName = .some(name.adapter)
            let part: WritableKeyPath<Pair, SafetensorsFile.Tensor?> = name.isA ? \.a : \.b
            if let twin = pairs[name.path, default: Pair()][keyPath: part] {
                throw .invalidFile(
                    file.displayName,
                    "has the same factor twice: \(Quoted(twin.name)) and \(Quoted(tensor.name)) differ only by what "
                        + "training tools add to names; save the adapter again from one model")
            }
            pairs[name.path, default: Pair()][keyPath: part] = tensor
        }
        guard !pairs.isEmpty else { throw .invalidFile(file.displayName, "contains no LoRA factors") }
        var result: [SiteFactors] = []
        result.reserveCapacity(pairs.count)
        for (path, pair) in pairs.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            guard let a = pair.a, let b = pair.b else {
                let missing = pair.a == nil ? "lora_A" : "lora_B"
                throw .invalidFile(
                    file.displayName, "has no \(missing) for the site \(Quoted(path)), only the other factor")
            }
            result.append(try factors(at: path, a: a, b: b, in: file, configuration: configuration))
        }
        return result
    }

    private static func factors(
        at path: String, a: SafetensorsFile.Tensor, b: SafetensorsFile.Tensor, in file: SafetensorsFile,
        configuration: PEFTConfiguration
    ) throws(SgloradError) -> SiteFactors {
        for tensor in [a, b] {
            if (3...5).contains(tensor.shape.count) {
                throw .unsupportedAdapter(
                    feature: "LoRA on a convolution (the tensor \(Quoted(tensor.name)))",
                    remedy: "Train it with target_modules that are linear layers.")
            }
            guard tensor.shape.count == 2 else {
                throw .invalidFile(
                    file.displayName,
                    "has \(tensor.shape.count) dimensions in the tensor \(Quoted(tensor.name)); it must have 2"
                )
            }
            guard !tensor.shape.contains(0) else {
                throw .invalidFile(
                    file.displayName, "has a dimension of 0 in the tensor \(Quoted(tensor.name))")
            }
        }
        let rank = a.shape[0]
        guard b.shape[1] == rank else {
            throw .invalidFile(
                file.displayName,
                "has rank \(rank) in \(Quoted(a.name)) but \(b.shape[1]) in \(Quoted(b.name))")
        }
        let declared = configuration.rank(at: path)
        guard rank == declared else {
            throw .invalidFile(
                file.displayName,
                "has rank \(rank) in \(Quoted(a.name)) but \(declared) in \(PEFTFolder.configurationName)")
        }
        let scale = try configuration.scale(at: path)
        try file.requireFinite(a.name)
        try file.requireFinite(b.name)
        return SiteFactors(
            site: Site(path: path, inFeatures: a.shape[1], outFeatures: b.shape[0]), rank: rank, scale: scale,
            a: try file.floats(a.name).array, b: try file.floats(b.name).array)
    }
}

extension PEFTWeights {
    /// The name of a LoRA factor: `base_model.model.<path>.lora_A.weight`, optionally with the adapter's name
    /// before `weight`, and with the components that `ModuleWrappers` knows.
    private struct FactorName {
        let path: String
        let isA: Bool
        let adapter: String?

        init(_ name: String, file: String) throws(SgloradError) {
            guard name.utf8.count <= PEFTWeights.maximumNameLength else {
                throw .invalidFile(
                    file,
                    "has a tensor name longer than \(PEFTWeights.maximumNameLength) bytes: \(Quoted(name))")
            }
            let whole = name.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false).map {
                String($0)
            }
            let parts = ModuleWrappers.unwrapped(whole)
            let count = parts.count
            let marker = ["lora_A", "lora_B"]
            let end =
                if count >= 5, marker.contains(parts[count - 2]) {
                    count - 2
                } else if count >= 6, marker.contains(parts[count - 3]) {
                    count - 3
                } else {
                    0
                }
            let (site, hasPrefix) = ModuleWrappers.path(parts[..<end])
            guard end > 0, parts[count - 1] == "weight", hasPrefix, !parts.contains("") else {
                if let refusal = PEFTFeatures.refusal(of: parts) { throw refusal }
                throw .invalidFile(
                    file,
                    "has the unknown tensor \(Quoted(name)); expected base_model.model.<path>.lora_A.weight or "
                        + "lora_B.weight")
            }
            guard site.last != "base_layer" else { throw PEFTFeatures.stacked }
            path = site.joined(separator: ".")
            isA = parts[end] == "lora_A"
            adapter = end == count - 3 ? parts[count - 2] : nil
        }
    }
}
