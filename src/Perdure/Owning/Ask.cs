namespace Perdure.Owning;

/// <summary>One thing that the protocol asks of its session. Who carries it out gives it a session, or tells the protocol that it failed.</summary>
/// <param name="what">What it is, for traces.</param>
internal abstract class Ask(string what)
{
    public string What => what;

    /// <summary>A session is to be made first, and this to be asked of it.</summary>
    public bool Connects { get; init; }

    /// <summary>How long to wait before it is asked.</summary>
    public TimeSpan After { get; init; }

    /// <summary>Asks, and keeps the answer.</summary>
    public abstract void Of(IKeeperSession session);

    public static Ask<bool> To(string what, Action<IKeeperSession> asked) => new(what, session =>
    {
        asked(session);
        return true;
    });
}

/// <summary>The same with its answer.</summary>
internal sealed class Ask<T>(string what, Func<IKeeperSession, T> asked) : Ask(what)
{
    private T? _answer;

    /// <summary>The answer, once it is there.</summary>
    public T Answer => _answer!;

    public override void Of(IKeeperSession session) => _answer = asked(session);
}
