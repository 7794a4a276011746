public import ErrorModel
internal import LinearAlgebra
public import LowRank
internal import StrictJSON

/// Writes folders that `peft.PeftModel.from_pretrained` loads; the same adapter always gives the same bytes.
public enum PEFTWriter {
    /// Both files of the folder, in memory.
    ///
    /// - Parameters:
    ///   - adapter: all parameters must be finite.
    ///   - template: the fields that the library's adapters share.
    ///   - provenance: strings for the safetensors metadata, beside `format`, which is always `pt`.
    /// - Returns: `adapter_config.json` and `adapter_model.safetensors`.
    /// - Throws: as ``weights(for:provenance:)``.
    public static func files(
        for adapter: LoRAAdapter, template: PEFTTemplate, provenance: [String: String]
    ) throws(SgloradError) -> [(name: String, contents: [UInt8])] {
        [
            (
                name: PEFTFolder.configurationName,
                contents: configuration(for: adapter.layout, template: template)
            ),
            (
                name: PEFTFolder.weightsName,
                contents: try weights(for: adapter, provenance: provenance).bytes()
            ),
        ]
    }

    /// The `adapter_model.safetensors` of an adapter in single precision, ready to be written to memory or to
    /// a file.
    ///
    /// - Throws: `layoutMismatch` if a site's path contains a control character; `internal` if a parameter is
    ///   NaN or infinite, or a provenance key contains a control character.
    public static func weights(
        for adapter: LoRAAdapter, provenance: [String: String]
    ) throws(SgloradError) -> SafetensorsWriter {
        if let bad = adapter.parameters.firstIndex(where: { !$0.isFinite }) {
            throw .internal("the adapter's parameter \(bad) is \(adapter.parameters[bad])")
        }
        var writer = try SafetensorsWriter(metadata: provenance.merging(["format": "pt"]) { $1 })
        let numbers = FloatVector(adapter.parameters)
        let rank = adapter.layout.rank
        for slice in adapter.layout.slices {
            let path = slice.site.path
            guard !path.holdsControlCharacter else {
                throw .layoutMismatch(site: path, reason: "contains a control character")
            }
            try writer.add(
                "\(PEFTFolder.prefix)\(path).lora_A.weight", shape: [rank, slice.site.inFeatures],
                values: numbers[slice.a])
            try writer.add(
                "\(PEFTFolder.prefix)\(path).lora_B.weight", shape: [slice.site.outFeatures, rank],
                values: numbers[slice.b])
        }
        return writer
    }

    /// The `adapter_config.json` of any adapter on a layout: sorted keys, indented by 2, with a final line
    /// feed.
    public static func configuration(for layout: AdapterLayout, template: PEFTTemplate) -> [UInt8] {
        let members: [(String, JSONValue)] = [
            ("alpha_pattern", .object([])),
            ("base_model_name_or_path", template.baseModelName.map { .string($0) } ?? .null),
            ("bias", .string("none")),
            ("fan_in_fan_out", .bool(template.fanInFanOut)),
            ("inference_mode", .bool(true)),
            ("init_lora_weights", .bool(true)),
            ("lora_alpha", alpha(of: layout)),
            ("lora_dropout", .number(text: "0.0")),
            ("modules_to_save", .null),
            ("peft_type", .string("LORA")),
            ("r", .integer(layout.rank)),
            ("rank_pattern", .object([])),
            ("target_modules", .array(targetModules(of: layout, template: template).map { .string($0) })),
            ("task_type", template.taskType.map { .string($0) } ?? .null),
            ("use_dora", .bool(false)),
            ("use_rslora", .bool(false)),
        ]
        return JSONValue.object(members.map { JSONValue.Member(name: $0.0, value: $0.1) }).indented() + [
            0x0A
        ]
    }

    /// The alpha for which alpha/r, computed in double and rounded to single precision, is exactly the
    /// layout's scale: a whole number if possible.
    private static func alpha(of layout: AdapterLayout) -> JSONValue {
        let exact = Double(layout.scale) * Double(layout.rank)
        let whole = exact.rounded()
        if let alpha = Int(exactly: whole), Float(whole / Double(layout.rank)) == layout.scale {
            return .integer(alpha)
        }
        return .number(text: "\(exact)")
    }

    /// The template's names if each site of the layout is one of them or ends with "." and one of them, which
    /// is how PEFT matches; otherwise the full paths of the sites.
    private static func targetModules(of layout: AdapterLayout, template: PEFTTemplate) -> [String] {
        if let names = template.targetModules {
            let known = Set(names)
            if layout.sites.allSatisfy({ site in
                site.path.dottedSuffixes.contains { known.contains(String($0)) }
            }) {
                return known.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            }
        }
        return layout.sites.map(\.path)
    }
}

extension String {
    /// The text itself and what follows each of its dots, longest first.
    var dottedSuffixes: [Substring] {
        var result: [Substring] = [self[...]]
        var rest = self[...]
        while let dot = rest.utf8.firstIndex(of: UInt8(ascii: ".")) {
            rest = rest[utf8.index(after: dot)...]
            result.append(rest)
        }
        return result
    }
}
