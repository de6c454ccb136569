namespace Perdure.Kernel;

/// <summary>What a body asks for.</summary>
public abstract record Intent(string Name)
{
    /// <summary>Run an operation.</summary>
    public sealed record Step(string Name, string Operation, Payload Input, bool CanUndo, bool AtMostOnce) : Intent(Name);
    /// <summary>Remember a value.</summary>
    public sealed record Note(string Name, Payload Value) : Intent(Name);
    /// <summary>Wait for a moment.</summary>
    public sealed record Sleep(string Name, TimeSpan Time) : Intent(Name);
    /// <summary>Wait for a message.</summary>
    public sealed record Signal(string Name, string SignalName, TimeSpan? Within) : Intent(Name);
    /// <summary>Start and await a sub-workflow.</summary>
    public sealed record Child(string Name, string Workflow, string Key, Payload Input) : Intent(Name);
}
