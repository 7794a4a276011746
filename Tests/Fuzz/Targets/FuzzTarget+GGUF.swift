import AdapterFormats
import ErrorModel
import LinearAlgebra
import LowRank
import StrictGGUF

extension FuzzTarget {
    /// GGUF files: the header, what a base takes from it, and the numbers of every tensor.
    static let gguf = FuzzTarget(name: "gguf") { bytes in
        // First in memory, where the sanitizer sees a read beyond the end; then as a file.
        let header = try? GGUFHeader(of: bytes, fileSize: bytes.count, file: "input")
        ScratchFile.weights.write(bytes)
        let file = try? GGUFFile(path: ScratchFile.weights.path, displayName: "input")
        guard let header else {
            precondition(file == nil, "the same bytes are invalid in memory and valid in a file")
            return
        }
        precondition(header.length <= bytes.count && header.dataEnd <= bytes.count)
        // The header alone says the same, and less than it asks for more.
        let alone = UnsafeRawBufferPointer(rebasing: bytes[..<header.length])
        let again = try? GGUFHeader(of: alone, fileSize: bytes.count, file: "input")
        precondition(again?.tensors == header.tensors && again?.length == header.length)
        let short = UnsafeRawBufferPointer(rebasing: bytes[..<(header.length - 1)])
        guard case .some(.none) = try? GGUFHeader.reading(short, ofFileWith: bytes.count, file: "input")
        else {
            preconditionFailure("a part of a header was taken for the whole")
        }
        for tensor in header.tensors {
            precondition(tensor.bytes.lowerBound >= header.length && tensor.bytes.upperBound <= bytes.count)
            precondition(header.tensor(named: tensor.name) == tensor)
            precondition(tensor.shape.allSatisfy { $0 > 0 })
            guard let numbers = try? file?.floats(tensor.name) else { continue }
            precondition(numbers.count == tensor.count)
        }
        guard let base = try? GGUFBase(header, digest: "", file: "input") else { return }
        precondition((1...4096).contains(base.layers))
        let sites = [Site(path: "model.layers.0.self_attn.q_proj", inFeatures: 1, outFeatures: 2)]
        guard let layout = try? AdapterLayout(sites: sites, rank: 1, scale: 1) else {
            preconditionFailure("a layout of one site was refused")
        }
        let adapter = LoRAAdapter(layout: layout, parameters: [1, 2, 3])
        let written = try? GGUFAdapterWriter.file(for: adapter, base: base, type: .float32, provenance: [:])
            .bytes()
        guard let written else { return }
        let size = written.count
        guard (try? written.withUnsafeBytes { try GGUFHeader(of: $0, fileSize: size, file: "output") }) != nil
        else {
            preconditionFailure("what was written cannot be read")
        }
    }
}
