using System.Text.RegularExpressions;
using Xunit;

namespace Perdure.Style.Tests;

/// <summary>
/// Snippets compile: a C# block in the README or under docs/ is followed by a comment that names the compiled file it is taken from,
/// <c>&lt;!-- from: samples/FiveMinutes/Trip.cs --&gt;</c>, or says why it is not: <c>&lt;!-- not compiled: … --&gt;</c>.
/// </summary>
public sealed partial class DocumentationTests
{
    public static TheoryData<string> Pages => [.. Repository.Files.Where(file => file == "README.md" || (file.StartsWith("docs/", StringComparison.Ordinal) && file.EndsWith(".md", StringComparison.Ordinal)))];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Snippets_are_taken_from_code_that_compiles(string page)
    {
        foreach (Match block in Block().Matches(Repository.Read(page)))
        {
            var code = block.Groups["code"].Value;
            var source = block.Groups["source"].Value;
            Assert.True(source.Length > 0 || block.Groups["reason"].Value.Length > 0, $"{page}: say where this is compiled, or why it is not:\n{code}");
            if (source.Length > 0) Assert.Contains(Flat(code), Flat(Repository.Read(source)), StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_lead_somewhere(string page)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Repository.Root, page))!;
        Assert.All(Link().Matches(Repository.Read(page)).Select(match => match.Groups[1].Value).Where(link => !link.Contains("://", StringComparison.Ordinal)), link =>
            Assert.True(Path.Exists(Path.Combine(folder, link)), $"{page} links to {link}"));
    }

    [Fact]
    public void Every_decision_is_in_the_list_of_decisions()
    {
        var list = Repository.Read("docs/adr/README.md");
        var decisions = Repository.Files.Where(file => file.StartsWith("docs/adr/0", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(decisions);
        Assert.All(decisions, file =>
        {
            var title = Repository.Read(file).Split('\n')[0].Split(": ", 2)[1];
            Assert.Contains($"({Path.GetFileName(file)}) | {title} |", list, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void What_a_repository_has() =>
        Assert.All(["README.md", "LICENSE", "CHANGELOG.md", ".editorconfig", "test", ".ci/run", "docs/README.md"], file => Assert.Contains(file, Repository.Files));

    [Fact]
    public void Packages_named_in_the_README_are_the_ones_that_are_tested() =>
        Assert.All(AddPackage().Matches(Repository.Read("README.md")), match =>
            Assert.Contains($"<PackageVersion Include=\"{match.Groups[1].Value}\" Version=\"{match.Groups[2].Value}\" />", Repository.Read("Directory.Packages.props"), StringComparison.Ordinal));

    /// <summary>Indentation and line ends aside.</summary>
    private static string Flat(string text) => Space().Replace(text, " ").Trim();

    [GeneratedRegex(@"```csharp\n(?<code>.*?)\n```(?:\n+<!-- (?:from: (?<source>\S+)|not compiled: (?<reason>.+?)) -->)?", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"dotnet add package (\S+)(?: --version (\S+))?")]
    private static partial Regex AddPackage();

    [GeneratedRegex(@"\]\(([^)#\s]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
