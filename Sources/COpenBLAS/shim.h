#ifndef SGLORAD_COPENBLAS_SHIM_H
#define SGLORAD_COPENBLAS_SHIM_H

#include <cblas.h>

/* LAPACK's Fortran entry points, which Debian's libopenblas carries but its headers do not declare. Column-major. */

/* Eigenvalues (ascending) and eigenvectors of a real symmetric matrix, double precision. */
void dsyevd_(
    const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
    double *work, const int *lwork, int *iwork, const int *liwork, int *info);

#endif
