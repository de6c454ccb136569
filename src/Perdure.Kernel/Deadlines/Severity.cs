namespace Perdure;

/// <summary>How urgently a person is told.</summary>
public enum Severity
{
    /// <summary>Can wait for working hours.</summary>
    Low,
    /// <summary>Wakes somebody.</summary>
    High,
}
