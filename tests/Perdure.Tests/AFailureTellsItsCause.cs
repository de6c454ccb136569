using Perdure.Runtime;

namespace Perdure.Tests;

/// <summary>What the log keeps of an attempt that failed.</summary>
public sealed class AFailureTellsItsCause
{
    [Fact]
    public void What_an_operation_declares_is_its_code_and_its_causes_without_a_stack()
    {
        foreach (var declared in (PerdureException[])[new PermanentFailure("declined", "No."), new TransientFailure("busy", "Later."), new UnknownOutcome("lost", "Who knows.")])
        {
            var failure = Failures.OfAttempt(Thrown(declared));
            Assert.Equal((declared.Code, declared.Message), (failure.Code, failure.Message));
            Assert.Equal([declared.GetType().Name], failure.Causes.Select(c => c.Type));
            Assert.Null(failure.Stack);
        }
    }

    [Fact]
    public void An_exception_that_nobody_declared_has_its_stack()
    {
        var failure = Failures.OfAttempt(Thrown(new InvalidOperationException("broken", new FormatException("inner"))));
        Assert.Equal(["InvalidOperationException", "FormatException"], failure.Causes.Select(c => c.Type));
        Assert.Contains(nameof(Thrown), failure.Stack, StringComparison.Ordinal);
    }

    private static Exception Thrown(Exception exception)
    {
        try
        {
            throw exception;
        }
        catch (Exception caught)
        {
            return caught;
        }
    }
}
