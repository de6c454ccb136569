namespace Perdure.Simulation.Operations;

/// <summary>What somebody waits for.</summary>
internal sealed class Unanswered
{
    private readonly List<(string What, Task Task)> _all = [];
    private int _most = 64;

    /// <summary>What has not come.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            _all.RemoveAll(one => one.Task.IsCompleted);
            return [.. _all.Select(one => one.What)];
        }
    }

    public void Add(string what, Task task)
    {
        _all.Add((what, task));
        if (_all.Count < _most) return;
        _all.RemoveAll(one => one.Task.IsCompleted);
        _most = 64 + 2 * _all.Count;
    }
}
