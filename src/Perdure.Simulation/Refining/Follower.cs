using Perdure.Kernel;

namespace Perdure.Simulation.Refining;

/// <summary>An instance of a run without faults, next to the recorded one that it has to follow.</summary>
internal sealed class Follower(InstanceId recorded, Course course, IReadOnlyList<Point> points, Follower? parent = null, (int Visit, string Name) childOf = default)
{
    private readonly Dictionary<(int Visit, string Name), StepCancelled> _givenUp = [];
    private int _at;

    /// <summary>The recorded instance.</summary>
    public InstanceId Recorded => recorded;
    /// <summary>The course that it took.</summary>
    public Course Course => course;
    /// <summary>The course of this instance, so far.</summary>
    public Course Own { get; } = new();
    /// <summary>The attempts that run, and wait for their turn to answer.</summary>
    public Dictionary<(int Visit, string Name), Held> Held { get; } = [];
    /// <summary>The number of the point that was last brought about from outside.</summary>
    public int Asked { get; set; } = -1;
    /// <summary>The number of the point that comes next.</summary>
    public int At => _at;

    /// <summary>The point that comes next; null behind the last one. What was given up ends whenever that is noticed, and is not waited for.</summary>
    public Point? Next
    {
        get
        {
            for (; _at < points.Count && points[_at] is { Event: StepCancelled cancelled } point; _at++) _givenUp[(point.Visit, point.Name)] = cancelled;
            return _at < points.Count ? points[_at] : null;
        }
    }

    /// <summary>A child goes on once its parent came to its end: it was there by then, and need not have been before.</summary>
    public bool MayGoOn => parent is null || parent.Next is null || (parent.Next is { Event: ChildEnded } next && (next.Visit, next.Name) == childOf);

    /// <summary>How a step that was given up ended; null where none was.</summary>
    public StepCancelled? GivenUp((int, string) step)
    {
        _ = Next;      // which passes over what was given up
        return _givenUp.GetValueOrDefault(step);
    }

    /// <summary>The next point was reached.</summary>
    public void Reached() => _at++;
}

/// <summary>An attempt that waits for its turn to answer.</summary>
/// <param name="Answer">Its answer.</param>
/// <param name="Entry">Its effect.</param>
/// <param name="Attempt">The attempt.</param>
internal sealed record Held(TaskCompletionSource<Payload> Answer, LedgerEntry Entry, Attempt Attempt);
