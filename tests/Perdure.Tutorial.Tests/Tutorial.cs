using System.Text.RegularExpressions;

namespace Perdure.Tutorial.Tests;

/// <summary>What stands between two lines of ``` in the tutorial.</summary>
/// <param name="Says">The text before it, from the block before on.</param>
/// <param name="Language">Such as <c>sh</c>.</param>
/// <param name="Text">What is to be typed.</param>
internal sealed record Block(string Says, string Language, string Text)
{
    /// <summary>Its lines.</summary>
    public IReadOnlyList<string> Lines => Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The file of that kind which the text before names last.</summary>
    public string File(string kind) =>
        Regex.Matches(Says, $@"`([\w.]+\.{kind})`").LastOrDefault()?.Groups[1].Value ?? throw new InvalidOperationException($"No .{kind} file is named before:\n{Text}");
}

/// <summary>The README's tutorial, as somebody reads it who follows it to the letter.</summary>
internal static partial class Tutorial
{
    private static readonly string Text = Regex.Match(Repository.Read("README.md"), @"(?<=\n)## Your own workflow in five minutes\n(.*?)(?=\n## )", RegexOptions.Singleline).Value;

    /// <summary>How the text calls the clone.</summary>
    public static string Clone => Regex.Match(Text, @"named\s+`(\w+)`").Groups[1].Value;

    /// <summary>The text of a numbered step; of what comes before the first for 0.</summary>
    public static string Step(int number) => Steps().Split(Text)[number];

    /// <summary>What is to be typed in a step, in its order.</summary>
    public static IReadOnlyList<Block> Blocks(int step) => [.. Typed().Matches(Step(step)).Select(match => new Block(match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value + "\n"))];

    /// <summary>The pieces of code that the text of a step names, from its first word on.</summary>
    public static IReadOnlyList<string> Spans(int step) => [.. Code().Matches(Typed().Replace(Step(step), "$1")).Select(match => match.Groups[1].Value)];

    [GeneratedRegex(@"(?<=\n)\*\*(?=\d\.)")]
    private static partial Regex Steps();

    [GeneratedRegex(@"(.*?)\n```(\w+)\n(.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex Typed();

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Code();
}
