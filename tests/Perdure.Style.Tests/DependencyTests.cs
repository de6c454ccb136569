using Xunit;

namespace Perdure.Style.Tests;

/// <summary>Dependencies point one way: Kernel ← Perdure ← everything else.</summary>
public sealed class DependencyTests
{
    private static readonly string[] Stores = ["Perdure.Sqlite", "Perdure.Postgres"];
    private static readonly string[] Composing = ["samples/", "tests/", "bench/", "src/Perdure.Cli/"];

    public static TheoryData<string> Libraries => [.. Repository.Projects.Where(p => p.File.StartsWith("src/", StringComparison.Ordinal)).Select(p => p.Name)];

    private static Project Of(string name) => Repository.Projects.Single(p => p.Name == name);

    [Fact]
    public void The_kernel_uses_nothing()
    {
        Assert.Empty(Of("Perdure.Kernel").Uses);
        Assert.Empty(Of("Perdure.Kernel").Packages);
    }

    [Fact]
    public void Perdure_uses_the_kernel_alone() => Assert.Equal(["Perdure.Kernel"], Of("Perdure").Uses);

    [Theory]
    [MemberData(nameof(Libraries))]
    public void A_library_uses_Perdure_and_no_other_of_its_kind(string name)
    {
        if (name is "Perdure" or "Perdure.Kernel" || Composing.Any(Of(name).File.StartsWith)) return;
        Assert.DoesNotContain(Of(name).Uses, used => used is not ("Perdure" or "Perdure.Kernel"));
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Stores_do_not_know_hosting(string name)
    {
        if (!Stores.Contains(name)) return;
        Assert.DoesNotContain(Of(name).Packages, package => package.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
        Assert.DoesNotContain("Microsoft.AspNetCore.App", Repository.Read(Of(name).File), StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_refers_to_tests_or_samples() =>
        Assert.All(Repository.Projects.Where(p => p.File.StartsWith("src/", StringComparison.Ordinal)), project =>
            Assert.DoesNotContain(project.Uses, used => !Of(used).File.StartsWith("src/", StringComparison.Ordinal)));

    [Fact]
    public void Every_project_is_in_the_solution_and_no_other() =>
        Assert.Equal(Repository.Projects.Select(p => p.File),
            System.Xml.Linq.XElement.Parse(Repository.Read("Perdure.slnx")).Descendants("Project").Select(p => (string)p.Attribute("Path")!).Order(StringComparer.Ordinal));

    [Fact]
    public void Versions_of_packages_are_central_and_locked() => Assert.All(Repository.Projects, project =>
    {
        Assert.False(project.NamesVersions, project.File);
        Assert.Contains(Path.GetDirectoryName(project.File)!.Replace('\\', '/') + "/packages.lock.json", Repository.Files);
    });
}
