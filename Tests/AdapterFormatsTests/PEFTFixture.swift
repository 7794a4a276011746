import AdapterFormats
import LinearAlgebra
import LowRank
import TestSupport

/// A PEFT folder for tests; valid unless the test changes it.
struct PEFTFixture {
    /// A tensor; its elements count up from 1 if no values are given.
    struct Tensor {
        var name: String
        var shape: [Int]
        var values: [Float]?

        init(_ name: String, _ shape: [Int], _ values: [Float]? = nil) {
            self.name = name
            self.shape = shape
            self.values = values
        }
    }

    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A and B of a site, with PEFT's names.
    static func pair(_ path: String, rank: Int = 8, inFeatures: Int = 3, outFeatures: Int = 4) -> [Tensor] {
        [
            Tensor("base_model.model.\(path).lora_A.weight", [rank, inFeatures]),
            Tensor("base_model.model.\(path).lora_B.weight", [outFeatures, rank]),
        ]
    }

    func weights(
        _ tensors: [Tensor], as type: SafetensorsWriter.ElementType = .float32,
        to name: String = "adapter_model.safetensors"
    ) throws {
        var writer = try SafetensorsWriter(metadata: ["format": "pt"])
        for tensor in tensors {
            let count = tensor.shape.reduce(1, *)
            let values = tensor.values ?? (0..<count).map { Float($0 + 1) }
            try writer.add(tensor.name, shape: tensor.shape, values: FloatVector(values), as: type)
        }
        try folder.write(writer.bytes(), to: name)
    }

    /// Writes an `adapter_config.json` with `peft_type` and the given members.
    func configuration(_ members: String = "", to name: String = "adapter_config.json") throws {
        try folder.write("{\"peft_type\":\"LORA\"\(members.isEmpty ? "" : ",")\(members)}", to: name)
    }

    func read() throws -> PEFTFolder { try PEFTFolder.read(directory: folder.path) }

    /// Writes both files and reads the folder.
    func read(_ tensors: [Tensor], _ members: String = "") throws -> PEFTFolder {
        try configuration(members)
        try weights(tensors)
        return try read()
    }
}
