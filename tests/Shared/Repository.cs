using System.Xml.Linq;

namespace Perdure.Tests;

/// <summary>The files of the repository, as they lie beside the tests.</summary>
internal static class Repository
{
    private static readonly string[] Left = ["bin", "obj", ".git", "data", "artifacts", "TestResults", "node_modules"];

    public static string Root { get; } = FindRoot();

    /// <summary>Paths from the root, with slashes.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Under(new(Root)).Select(file => Path.GetRelativePath(Root, file.FullName).Replace('\\', '/')).Where(file => file != ".git").Order(StringComparer.Ordinal)];

    public static IEnumerable<string> Code => Files.Where(file => file.EndsWith(".cs", StringComparison.Ordinal));

    public static IEnumerable<Project> Projects => Files.Where(file => file.EndsWith(".csproj", StringComparison.Ordinal)).Select(file => new Project(file));

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    private static IEnumerable<FileInfo> Under(DirectoryInfo folder) =>
        folder.EnumerateFiles().Concat(folder.EnumerateDirectories().Where(d => !Left.Contains(d.Name)).SelectMany(Under));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Perdure.slnx"))) folder = folder.Parent ?? throw new InvalidOperationException("The tests do not lie in the repository.");
        return folder.FullName;
    }
}

/// <summary>A project file.</summary>
internal sealed class Project(string file)
{
    private readonly XElement _xml = XElement.Parse(Repository.Read(file));

    public string File => file;

    public string Name => Path.GetFileNameWithoutExtension(file);

    /// <summary>The projects whose code it uses; those that are only built beside it, as analyzers are, left out.</summary>
    public string[] Uses =>
        [.. _xml.Descendants("ProjectReference").Where(r => (string?)r.Attribute("ReferenceOutputAssembly") != "false").Select(r => Path.GetFileNameWithoutExtension(((string)r.Attribute("Include")!).Replace('\\', '/')))];

    public string[] Packages => [.. _xml.Descendants("PackageReference").Select(r => (string)r.Attribute("Include")!)];

    /// <summary>Versions are named in Directory.Packages.props alone.</summary>
    public bool NamesVersions => _xml.Descendants("PackageReference").Any(r => r.Attribute("Version") is not null);
}
