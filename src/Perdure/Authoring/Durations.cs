namespace Perdure;

/// <summary>Durations that read as they are said: <c>5.Minutes</c>.</summary>
public static class Durations
{
    extension(int n)
    {
        /// <summary>That many milliseconds.</summary>
        public TimeSpan Milliseconds => TimeSpan.FromMilliseconds(n);
        /// <summary>That many seconds.</summary>
        public TimeSpan Seconds => TimeSpan.FromSeconds(n);
        /// <summary>That many minutes.</summary>
        public TimeSpan Minutes => TimeSpan.FromMinutes(n);
        /// <summary>That many hours.</summary>
        public TimeSpan Hours => TimeSpan.FromHours(n);
        /// <summary>That many days.</summary>
        public TimeSpan Days => TimeSpan.FromDays(n);
    }
}
