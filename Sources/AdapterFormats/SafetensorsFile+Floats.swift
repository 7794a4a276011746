public import ErrorModel
public import LinearAlgebra

extension SafetensorsFile {
    /// A tensor's elements in single precision, row-major.
    ///
    /// `F32` is used in place where the file has it aligned to 4 bytes; `F16` and `BF16` are converted, which
    /// is exact. NaN and infinity are allowed: see ``requireFinite(_:)``.
    ///
    /// - Throws: `invalidFile` if there is no such tensor, or it has another type.
    public func floats(_ name: String) throws(SgloradError) -> FloatVector {
        let tensor = try requireTensor(name)
        let raw = UnsafeRawBufferPointer(rebasing: mapping.bytes[tensor.bytes])
        guard tensor.count > 0, let start = raw.baseAddress else { return FloatVector([]) }
        let converted: ConvertedNumbers
        switch tensor.type {
        case .float32:
            #if _endian(little)
            if UInt(bitPattern: start) % UInt(MemoryLayout<Float>.alignment) == 0 {
                return FloatVector(
                    borrowing: UnsafeBufferPointer(
                        start: start.assumingMemoryBound(to: Float.self), count: tensor.count),
                    owner: mapping)
            }
            #endif
            converted = ConvertedNumbers(raw, count: tensor.count) { (pattern: UInt32) in
                Float(bitPattern: UInt32(littleEndian: pattern))
            }
        case .float16:
            converted = ConvertedNumbers(count: tensor.count) { target in
                HalfPrecision.float(binary16: start, count: tensor.count, to: target)
            }
        case .bfloat16:
            converted = ConvertedNumbers(raw, count: tensor.count) { (pattern: UInt16) in
                HalfPrecision.float(bfloat16: UInt16(littleEndian: pattern))
            }
        case .other(let type): throw notFloatingPoint(tensor, type)
        }
        return withExtendedLifetime(mapping) { FloatVector(borrowing: converted.numbers, owner: converted) }
    }

    /// A tensor's elements as they are stored, to be read in chunks.
    ///
    /// - Throws: `invalidFile` if there is no such tensor, or its type is not `F32`, `F16` or `BF16`.
    public func stream(_ name: String) throws(SgloradError) -> FloatStream {
        let tensor = try requireTensor(name)
        guard tensor.type == .float16 else { return .single(try floats(name)) }
        return .half(
            HalfVector(
                borrowing: UnsafeRawBufferPointer(rebasing: mapping.bytes[tensor.bytes]), owner: mapping))
    }

    /// Checks that a tensor contains neither NaN nor infinity.
    ///
    /// - Throws: `invalidFile` that names the tensor and the index of the first such element, or if
    ///   ``floats(_:)`` would throw.
    public func requireFinite(_ name: String) throws(SgloradError) {
        let tensor = try requireTensor(name)
        let bad: Int?
        switch tensor.type {
        case .float32:
            bad = firstIndex(tensor) { (pattern: UInt32) in
                UInt32(littleEndian: pattern) & 0x7F80_0000 == 0x7F80_0000
            }
        case .float16:
            bad = firstIndex(tensor) { (pattern: UInt16) in UInt16(littleEndian: pattern) & 0x7C00 == 0x7C00 }
        case .bfloat16:
            bad = firstIndex(tensor) { (pattern: UInt16) in UInt16(littleEndian: pattern) & 0x7F80 == 0x7F80 }
        case .other(let type): throw notFloatingPoint(tensor, type)
        }
        guard let bad else { return withExtendedLifetime(mapping) {} }
        throw .invalidFile(
            displayName,
            "has NaN or infinity in the tensor \(Quoted(name)) at index \(bad); "
                + "train or export the adapter again")
    }

    private func requireTensor(_ name: String) throws(SgloradError) -> Tensor {
        guard let tensor = tensor(named: name) else {
            throw .invalidFile(displayName, "has no tensor \(Quoted(name))")
        }
        return tensor
    }

    private func notFloatingPoint(_ tensor: Tensor, _ type: String) -> SgloradError {
        .invalidFile(
            displayName, "has type \(type) in the tensor \(Quoted(tensor.name)); it must be F32, F16 or BF16")
    }

    /// The index of the first bad element.
    ///
    /// Blocks are tested as a whole, in a loop that the compiler vectorises; only a block with a bad element
    /// is searched element by element. Pages of a large tensor are released behind the scan.
    @inline(__always)
    private func firstIndex<Pattern: FixedWidthInteger>(
        _ tensor: Tensor, where isBad: (Pattern) -> Bool
    ) -> Int? {
        let raw = UnsafeRawBufferPointer(rebasing: mapping.bytes[tensor.bytes])
        guard let start = raw.baseAddress else { return nil }
        let isLarge = raw.count > FloatVector.residentLimit
        let stride = MemoryLayout<Pattern>.stride
        for block in Swift.stride(from: 0, to: tensor.count, by: 1 << 16) {
            let end = min(block + 1 << 16, tensor.count)
            var isAnyBad = false
            for index in block..<end {
                let pattern = (start + index &* stride).loadUnaligned(as: Pattern.self)
                isAnyBad = isBad(pattern) || isAnyBad
            }
            if isAnyBad {
                return (block..<end).first {
                    isBad((start + $0 &* stride).loadUnaligned(as: Pattern.self))
                }
            }
            if isLarge {
                mapping.release(
                    UnsafeRawBufferPointer(start: start + block * stride, count: (end - block) * stride))
            }
        }
        return nil
    }
}

/// The memory of elements that were converted to single precision.
private final class ConvertedNumbers: MemoryOwner, @unchecked Sendable {
    // Sendable: written only in init, freed only in deinit.
    let numbers: UnsafeBufferPointer<Float>

    @inline(__always)
    init<Pattern: FixedWidthInteger>(_ raw: UnsafeRawBufferPointer, count: Int, _ float: (Pattern) -> Float) {
        let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
        if let start = raw.baseAddress, let target = memory.baseAddress {
            for index in 0..<count {
                let pattern = (start + index &* MemoryLayout<Pattern>.stride).loadUnaligned(as: Pattern.self)
                (target + index).initialize(to: float(pattern))
            }
        }
        numbers = UnsafeBufferPointer(memory)
    }

    /// Allocates memory that `fill` initialises.
    init(count: Int, filledBy fill: (UnsafeMutablePointer<Float>) -> Void) {
        let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
        if let target = memory.baseAddress { fill(target) }
        numbers = UnsafeBufferPointer(memory)
    }

    deinit { numbers.deallocate() }
}
