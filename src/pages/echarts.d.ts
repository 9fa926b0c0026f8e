// The one file of the package that loads in 70 ms (its index of 600 modules takes a second) has no types of its own.
declare module 'echarts/dist/echarts.esm.min.mjs' {
  export * from 'echarts';
}
