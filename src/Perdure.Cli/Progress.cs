using System.Diagnostics;
using Spectre.Console;

namespace Perdure.Cli;

/// <summary>A line on the error stream that says how far it is: renewed in place at a terminal, otherwise a line every few seconds.</summary>
internal sealed class Progress
{
    private static readonly IAnsiConsole Console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(System.Console.Error) });

    private readonly bool _live = !System.Console.IsErrorRedirected;
    private readonly TimeSpan _every;
    private long _last = Stopwatch.GetTimestamp();
    private int _width;

    public Progress() => _every = _live ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromSeconds(5);

    /// <summary>Says it, unless something was said just now.</summary>
    public void Say(Func<string> text)
    {
        if (Stopwatch.GetElapsedTime(_last) < _every) return;
        _last = Stopwatch.GetTimestamp();
        Write(text());
    }

    /// <summary>Says something at once, which stays.</summary>
    public void Tell(string text) => End(text);

    /// <summary>Says the last of it.</summary>
    public void End(string text)
    {
        Write(text);
        if (_live) Console.WriteLine();
    }

    private void Write(string text)
    {
        if (!_live)
        {
            System.Console.Error.WriteLine(text);
            return;
        }
        Console.Write(new ControlCode("\r"));
        Console.Write(new Text(text.PadRight(_width)));
        _width = text.Length;
    }
}
