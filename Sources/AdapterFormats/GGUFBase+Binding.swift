public import ErrorModel
public import LowRank

/// The tensor of a model's GGUF file that a site is.
struct GGUFPlace: Sendable, Hashable {
    /// Such as `blk.3.attn_q.weight`.
    let tensor: String
    /// The heads by which the rows are reordered; nil if they keep their order.
    let heads: Int?

    /// The row of the site that stands at a row of the tensor.
    ///
    /// llama.cpp pairs rows 2j and 2j + 1 of a head for its rotary embedding, transformers pairs j and j + d/2. Source:
    /// `LlamaModel.permute` in llama.cpp's `conversion/llama.py`.
    ///
    /// - Parameters:
    ///   - row: the tensor's row.
    ///   - rows: how many there are, a multiple of twice the heads.
    func sourceRow(_ row: Int, of rows: Int) -> Int {
        guard let heads else { return row }
        let size = rows / heads
        let (head, within) = row.quotientAndRemainder(dividingBy: size)
        return head * size + within % 2 * (size / 2) + within / 2
    }
}

extension GGUFBase {
    /// Checks that the file has a tensor of the right shape for every site of a layout.
    ///
    /// - Throws: `layoutMismatch` that names the first site that has none.
    public func requireSites(of layout: AdapterLayout) throws(SgloradError) {
        _ = try places(of: layout)
    }

    /// The tensor of each site, in the layout's order.
    ///
    /// - Throws: `layoutMismatch` that names the site.
    func places(of layout: AdapterLayout) throws(SgloradError) -> [GGUFPlace] {
        var places: [GGUFPlace] = []
        places.reserveCapacity(layout.sites.count)
        var takenBy: [String: String] = [:]
        for site in layout.sites {
            let place = try place(of: site)
            if let other = takenBy.updateValue(site.path, forKey: place.tensor) {
                throw .layoutMismatch(
                    site: site.path,
                    reason: "and the site \(Quoted(other)) are both the tensor \(place.tensor) of a GGUF file"
                )
            }
            places.append(place)
        }
        return places
    }

    private func place(of site: Site) throws(SgloradError) -> GGUFPlace {
        guard let part = architecture.part(of: site.path) else {
            let known = architecture.modules.keys.sorted().joined(separator: ", ")
            throw .layoutMismatch(
                site: site.path,
                reason:
                    "has no name in a GGUF adapter of the architecture \(architecture.rawValue). Train adapters of these "
                    + "modules: \(known)")
        }
        let name = "blk.\(part.layer).\(part.name).weight"
        guard part.layer < layers, let shape = tensors[name] else {
            throw .layoutMismatch(
                site: site.path,
                reason:
                    "would be the tensor \(name), which the GGUF file of the base model (\(layers) layers) does not have. "
                    + "Name the file of the model that the adapters were trained on")
        }
        guard shape == [site.inFeatures, site.outFeatures] else {
            let stated = shape.map(String.init).joined(separator: " → ")
            throw .layoutMismatch(
                site: site.path,
                reason:
                    "is \(site.inFeatures) → \(site.outFeatures), but \(name) in the GGUF file is \(stated). Name the file "
                    + "of the model that the adapters were trained on")
        }
        return GGUFPlace(tensor: name, heads: try heads(part, of: site))
    }

    /// The heads by which the rows of a part are reordered.
    private func heads(_ part: (layer: Int, name: String), of site: Site) throws(SgloradError) -> Int? {
        guard architecture.interleavesRotaryRows, ["attn_q", "attn_k"].contains(part.name) else { return nil }
        let heads = part.name == "attn_q" ? heads[part.layer] : keyHeads[part.layer]
        guard heads > 0, site.outFeatures % (2 * heads) == 0 else {
            throw .layoutMismatch(
                site: site.path,
                reason:
                    "has \(site.outFeatures) rows, which \(heads) heads of an even size do not divide; the GGUF file "
                    + "states a wrong number of heads")
        }
        return heads
    }
}
