/** esbuild gathers the styles into one file. */
declare module '*.css'
