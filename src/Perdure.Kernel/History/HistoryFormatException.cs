namespace Perdure.Kernel;

/// <summary>Stored history cannot be read: it is damaged, or a newer version wrote it.</summary>
public sealed class HistoryFormatException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="inner">The error of the JSON reader, where there is one.</param>
    public HistoryFormatException(string message, Exception? inner = null) : base(message, inner) { }
}
