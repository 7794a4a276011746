/// The types of the varlink interface `io.sglorad`, as values that travel between the daemon and its clients.
///
/// `io.sglorad.varlink` defines them and documents their fields; a test holds every type here against it.
public enum Wire {
    /// The name of the interface, which prefixes its methods and errors.
    public static let interface = "io.sglorad"

    /// The interface definition, in varlink's own language.
    public static var definition: String {
        String(decoding: PackageResources.io_sglorad_varlink, as: UTF8.self)
    }
}
