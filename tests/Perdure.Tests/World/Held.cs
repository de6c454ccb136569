namespace Perdure.Tests;

/// <summary>
/// Holds what waits here until it is let go, on the world's one thread. Each wait has a task of its own: of several that wait for one task .NET goes on with one, and gives the others to the thread pool.
/// </summary>
public sealed class Held
{
    private readonly List<TaskCompletionSource> _waits = [];
    private bool _letGo;

    /// <summary>Completes when what is held is let go; at once from then on.</summary>
    public Task Wait()
    {
        if (_letGo) return Task.CompletedTask;
        _waits.Add(new());
        return _waits[^1].Task;
    }

    /// <summary>Lets go of everything, one after the other, in the order in which it came.</summary>
    public void LetGo()
    {
        _letGo = true;
        foreach (var wait in _waits) TestShell.Do(wait.SetResult);
    }
}
