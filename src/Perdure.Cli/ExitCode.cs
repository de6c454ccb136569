using System.Reflection;
using Perdure.Kernel;

namespace Perdure.Cli;

/// <summary>How the tool ends.</summary>
internal static class ExitCode
{
    public const int Passed = 0, Breaks = 1, Unusable = 2, LostLiveness = 3;

    /// <summary>Runs a command; what is wrong with its input is one sentence on the error stream.</summary>
    public static int Of(Func<int> command)
    {
        try
        {
            return command();
        }
        catch (Exception e)
        {
            // What the user's own code throws comes here too: a sentence, and the kind of error where the tool does not know it.
            var cause = Root(e);
            var known = cause is UnusableInput or PerdureException or HistoryFormatException or FormatException or IOException or UnauthorizedAccessException or InvalidOperationException;
            Console.Error.WriteLine(known ? $"perdure: {cause.Message}" : $"perdure: {cause.GetType().Name}: {cause.Message}");
            return Unusable;
        }
    }

    /// <summary>What user code threw, where it was called by reflection.</summary>
    public static Exception Root(Exception e) => e is TargetInvocationException { InnerException: { } inner } ? Root(inner) : e;
}

/// <summary>Something given to the tool cannot be used; the message says what and what to do.</summary>
internal sealed class UnusableInput(string message) : Exception(message);
