using System.Text.RegularExpressions;
using Xunit;

namespace Perdure.Style.Tests;

/// <summary>How files look.</summary>
public sealed partial class CodeTests
{
    private const int LinesRarely = 300, LinesNever = 450, PercentRarely = 3;

    private static IEnumerable<string> Libraries => Repository.Code.Where(file => file.StartsWith("src/", StringComparison.Ordinal));

    [Fact]
    public void Files_rarely_pass_300_lines()
    {
        var all = Repository.Code.Select(file => (File: file, Lines: File.ReadLines(Path.Combine(Repository.Root, file)).Count())).ToList();
        Assert.DoesNotContain(all, f => f.Lines > LinesNever);
        var longer = all.Where(f => f.Lines > LinesRarely).ToList();
        Assert.True(longer.Count * 100 <= all.Count * PercentRarely, $"{longer.Count} of {all.Count} files pass {LinesRarely} lines: {string.Join(", ", longer)}");
    }

    [Fact]
    public void Nothing_is_named_after_what_it_might_also_do() =>
        Assert.Empty(Repository.Code.SelectMany(file => Vague().Matches(Repository.Read(file)).Select(match => $"{file}: {match.Value}")));

    [Fact]
    public void Library_code_throws_no_NotImplementedException_and_silences_no_warning() =>
        Assert.DoesNotContain(Libraries, file =>
            Repository.Read(file) is var text && (text.Contains("NotImplementedException", StringComparison.Ordinal) || text.Contains("#pragma warning disable", StringComparison.Ordinal)));

    [Fact]
    public void No_exception_is_swallowed_without_a_word() =>
        Assert.DoesNotContain(Libraries, file => EmptyCatch().IsMatch(Repository.Read(file)));

    [Fact]
    public void Libraries_write_their_public_API_down() =>
        Assert.All(Repository.Projects.Where(p => p.File.StartsWith("src/", StringComparison.Ordinal) && p.Name is not ("Perdure.Analyzers" or "Perdure.Cli")), project =>
        {
            Assert.Contains($"src/{project.Name}/PublicAPI.Shipped.txt", Repository.Files);
            Assert.Contains($"src/{project.Name}/PublicAPI.Unshipped.txt", Repository.Files);
        });

    [Fact]
    public void Every_analyzer_rule_has_its_help()
    {
        var ids = RuleId().Matches(Repository.Read("src/Perdure.Analyzers/Rules.cs")).Select(match => match.Value).Distinct().ToList();
        Assert.NotEmpty(ids);
        var help = Repository.Read("docs/analyzers.md");
        Assert.All(ids, id => Assert.Contains($"\n## {id}\n", help, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("src/Perdure.Postgres/")]
    public void Every_statement_that_the_code_names_is_there(string library)
    {
        var there = Repository.Files.Where(file => file.StartsWith(library + "Statements/", StringComparison.Ordinal)).SelectMany(file => StatementThere().Matches(Repository.Read(file))).Select(match => match.Groups[1].Value).ToHashSet();
        var named = Repository.Code.Where(file => file.StartsWith(library, StringComparison.Ordinal)).SelectMany(file => StatementNamed().Matches(Repository.Read(file))).Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.Contains(name, there));
    }

    [GeneratedRegex("^-- name: (\\S+)", RegexOptions.Multiline)]
    private static partial Regex StatementThere();

    [GeneratedRegex("SqlText\\.Statement\\(\"([^\"]+)\"\\)")]
    private static partial Regex StatementNamed();

    [GeneratedRegex(@"\b(?:class|record|struct|interface|enum)\s+(\w*(?:Helper|Helpers|Manager|Util|Utils|Utility|Utilities|Misc))\b")]
    private static partial Regex Vague();

    [GeneratedRegex(@"catch(?:\s*\([^)]*\))?\s*\{\s*\}")]
    private static partial Regex EmptyCatch();

    [GeneratedRegex("PERD[0-9]{3}")]
    private static partial Regex RuleId();
}
